"""Pictures of one verdict: the differences against their margins, the split step by step, who confuses what."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binom

from promotion.gate.comparison import Comparison
from promotion.gate.error_comparison import ErrorComparison
from promotion.gate.record import ConfusionMatrices, EvidenceRecord
from promotion.report.drawing import CANARY, HARMED, INK, NOT_SHOWN, NOT_WORSE, QUIET, STABLE, new_figure, to_svg
from promotion.rollout.record import StepObservation


def draw_differences(evidence: EvidenceRecord) -> str:
    """Accuracy(canary) - accuracy(stable), overall and of each part, with its lower bound and its margin."""
    rows = [*([evidence.overall] if evidence.overall else []), *evidence.classes, *evidence.slices]
    figure, plot = new_figure(7.2, 1.1 + 0.3 * len(rows))
    for place, row in enumerate(rows):
        colour = claim_colour(row)
        plot.plot([100 * row.lower_bound, 100 * row.difference], [place, place], color=colour, linewidth=2)
        plot.plot(100 * row.lower_bound, place, marker="|", markersize=9, color=colour)
        plot.plot(100 * row.difference, place, marker="o", markersize=7 if row.name == "all" else 5, color=colour)
        plot.plot([-100 * row.margin] * 2, [place - 0.4, place + 0.4], color=INK, linewidth=1.2)
    plot.axvline(0, color=QUIET, linewidth=0.8)
    plot.set_yticks(range(len(rows)), [row_name(row) for row in rows])
    plot.set_ylim(len(rows) - 0.5, -0.5)
    plot.set_xlabel("accuracy of the canary less that of stable, in points")
    add_key(plot, {claim_of(row): claim_colour(row) for row in rows})
    return to_svg(figure, "difference in accuracy with its lower bound against the margin, overall and for each part")


def draw_steps(steps: Sequence[StepObservation]) -> str:
    """The canary's share that was asked for and the one that the gateway counted, step by step."""
    figure, plot = new_figure(7.2, 2.6)
    for place, step in enumerate(steps):
        answered = step.counts.stable + step.counts.canary
        low, high = (
            100 * bound / max(answered, 1) for bound in binom.interval(0.99, answered, step.asked_percent / 100)
        )
        plot.bar(place - 0.2, step.asked_percent, width=0.36, color=QUIET, label="asked" if place == 0 else None)
        plot.bar(place + 0.2, step.observed_percent, width=0.36, color=CANARY, label="observed" if place == 0 else None)
        plot.plot([place + 0.2] * 2, [low, high], color=INK, linewidth=1.2)
        plot.annotate(
            f"{step.observed_percent:.1f} %\nof {answered}",
            (place + 0.2, max(step.observed_percent, high)),
            (0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    plot.set_xticks(range(len(steps)), [f"{step.asked_percent} %" for step in steps])
    plot.set_ylim(0, 128)
    plot.set_yticks([0, 25, 50, 75, 100])
    plot.set_ylabel("canary's share, %")
    plot.set_xlabel("asked split; black: 99 % of the shares when it is in force")
    plot.legend(loc="upper left")
    return to_svg(figure, "asked and observed share of the canary at each step")


def draw_confusion(confusion: ConfusionMatrices) -> str:
    """Both revisions' confusion matrices, side by side; what is right lies on the diagonal and is left pale."""
    size = min(3.6, 1.2 + 0.26 * len(confusion.classes))
    figure = Figure(figsize=(2 * size + 0.6, size + 0.3), layout="constrained")
    wrong = [_without_diagonal(matrix) for matrix in (confusion.stable, confusion.canary)]
    most = max(1, *(int(matrix.max()) for matrix in wrong))
    for place, (name, matrix) in enumerate((("stable", confusion.stable), ("canary", confusion.canary))):
        plot = figure.add_subplot(1, 2, place + 1)
        plot.pcolormesh(wrong[place], cmap="Oranges", vmin=0, vmax=most)
        plot.invert_yaxis()
        plot.set_aspect("equal")
        _write_counts(plot, np.asarray(matrix), most)
        middles = np.arange(len(confusion.classes)) + 0.5
        plot.set_xticks(middles, confusion.classes, fontsize=8, rotation=90)
        plot.set_yticks(middles, confusion.classes, fontsize=8)
        plot.set_title(name, color=STABLE if name == "stable" else CANARY, fontsize=11)
        plot.set_xlabel("answered")
        if place == 0:
            plot.set_ylabel("true class")
    return to_svg(figure, "confusion matrices of stable and canary")


def _write_counts(plot: Axes, matrix: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", most: int) -> None:
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            is_dark = row != column and count > 0.6 * most
            colour = "white" if is_dark else QUIET if row == column else INK
            plot.text(column + 0.5, row + 0.5, str(count), ha="center", va="center", fontsize=7, color=colour)


def _without_diagonal(matrix: Sequence[Sequence[int]]) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    wrong = np.array(matrix, dtype=np.int64)
    np.fill_diagonal(wrong, 0)
    return wrong


def add_key(plot: Axes, colours: dict[str, str]) -> None:
    """What the colours claim, in a line above the rows."""
    for claim, colour in colours.items():
        plot.plot([], [], marker="o", linestyle="none", color=colour, label=claim)
    plot.legend(loc="upper center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=9).set_in_layout(True)
    low, high = plot.get_ylim()
    plot.set_ylim(low, high - 1.1)


def row_name(row: Comparison | ErrorComparison) -> str:
    """With its rows."""
    return f"all rows ({row.n})" if row.name == "all" else f"{row.name} ({row.n})"


def claim_of(row: Comparison | ErrorComparison) -> str:
    """What is shown of it, in a word or two."""
    if row.is_not_worse:
        return "not worse"
    if row.is_harmed:
        return "worse"
    return "not shown" if row.is_assessable else "too few rows"


def claim_colour(row: Comparison | ErrorComparison) -> str:
    """The colour of that claim."""
    return {"not worse": NOT_WORSE, "worse": HARMED, "not shown": NOT_SHOWN, "too few rows": QUIET}[claim_of(row)]
