"""Pictures of the advisory evidence: who answers what, who is right as often as it says, and whether answers drift."""

import numpy as np

from promotion.gate.advisory import Agreement, AnswerDrift, Calibration
from promotion.report.drawing import CANARY, INK, QUIET, STABLE, new_figure, to_svg


def draw_agreement(agreement: Agreement) -> str:
    """Stable's answers against the canary's; where both answer alike lies on the diagonal and is left pale."""
    size = min(4.4, 1.4 + 0.3 * len(agreement.classes))
    figure, plot = new_figure(size + 0.6, size)
    counts = np.array(agreement.counts, dtype=np.int64)
    differing = counts.copy()
    np.fill_diagonal(differing, 0)
    most = max(1, int(differing.max(initial=0)))
    plot.pcolormesh(differing, cmap="Purples", vmin=0, vmax=most)
    plot.invert_yaxis()
    plot.set_aspect("equal")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = QUIET if row == column else "white" if count > 0.6 * most else INK
            plot.text(column + 0.5, row + 0.5, str(count), ha="center", va="center", fontsize=7, color=colour)
    middles = np.arange(len(agreement.classes)) + 0.5
    plot.set_xticks(middles, agreement.classes, fontsize=8, rotation=90)
    plot.set_yticks(middles, agreement.classes, fontsize=8)
    plot.set_xlabel("the canary answers", color=CANARY)
    plot.set_ylabel("stable answers", color=STABLE)
    return to_svg(figure, "rows by stable's answer and the canary's answer")


def draw_calibration(stable: Calibration | None, canary: Calibration | None) -> str:
    """Accuracy against confidence; a calibrated model lies on the line, an overconfident one below it."""
    figure, plot = new_figure(4.6, 4.0)
    plot.plot([0, 100], [0, 100], color=QUIET, linewidth=0.8)
    for name, calibration, colour in (("stable", stable, STABLE), ("canary", canary, CANARY)):
        if calibration is None:
            continue
        most = max(one.n for one in calibration.bins)
        error = calibration.error
        label = f"{name}: off by {100 * error.estimate:.1f} points ({100 * error.low:.1f} to {100 * error.high:.1f})"
        confidence = [100 * one.mean_confidence for one in calibration.bins]
        accuracy = [100 * one.accuracy for one in calibration.bins]
        plot.plot(confidence, accuracy, color=colour, linewidth=1, label=label)
        plot.scatter(confidence, accuracy, [8 + 60 * one.n / most for one in calibration.bins], color=colour)
    plot.set_xlim(0, 102)
    plot.set_ylim(0, 102)
    plot.set_xlabel("confidence, %; a larger point has more rows")
    plot.set_ylabel("right, %")
    plot.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=8)
    return to_svg(figure, "accuracy against confidence of both revisions")


def draw_drift(drift: AnswerDrift) -> str:
    """Shares of the answers by class, on the holdout and in live traffic."""
    figure, plot = new_figure(7.2, 2.6)
    places = np.arange(len(drift.classes))
    for shift, name, counts, colour in ((-0.2, "holdout", drift.holdout, QUIET), (0.2, "live", drift.live, STABLE)):
        plot.bar(places + shift, 100 * np.array(counts) / sum(counts), width=0.38, color=colour, label=name)
    are_long = max(map(len, drift.classes)) > 60 / len(drift.classes)
    plot.set_xticks(places, drift.classes, fontsize=8, rotation=90 if are_long else 0)
    plot.set_ylabel("share of the answers, %")
    plot.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=8)
    return to_svg(figure, "shares of the answers by class, on the holdout and in live traffic")
