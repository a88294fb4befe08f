"""Pictures of the disagreement: the rows themselves where they are images, and how the difference came together."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
from matplotlib.figure import Figure

from promotion.gate.disagreement import CoursePoint, DisagreeingRow, DisagreementKind
from promotion.gate.error_course import ErringKind, ErringRow
from promotion.gate.record import EvidenceRecord
from promotion.report.drawing import CANARY, INK, NOT_WORSE, QUIET, STABLE, new_figure, to_svg
from promotion.statistics.tango import tango_lower_bound

ACROSS = 8
_RIGHT = {DisagreementKind.ONLY_STABLE_RIGHT: STABLE, DisagreementKind.ONLY_CANARY_RIGHT: CANARY}


@dataclass(frozen=True, slots=True)
class _Pictured:
    """A row with its picture."""

    row: int
    picture: str
    frame: str
    """The colour of who is right, or nearer."""
    told: str


def draw_disagreements(rows: Sequence[DisagreeingRow]) -> str:
    """Those of `rows` that are images, each above what is true and what the two answered; none is an empty text."""
    return _draw_rows(
        [
            _Pictured(
                row.row,
                row.picture,
                _RIGHT.get(row.kind, QUIET),
                f"is {row.truth}\nstable: {row.stable}\ncanary: {row.canary}",
            )
            for row in rows
        ]
    )


def draw_erring_rows(rows: Sequence[ErringRow]) -> str:
    """The same for regression models; the frame says who is nearer."""
    return _draw_rows(
        [
            _Pictured(
                row.row,
                row.picture,
                STABLE if row.kind is ErringKind.CANARY_ERRS_MORE else CANARY,
                f"is {row.truth:.4g}\nstable: {row.stable:.4g}\ncanary: {row.canary:.4g}",
            )
            for row in rows
        ]
    )


def _draw_rows(rows: Sequence[_Pictured]) -> str:
    pictured = [row for row in rows if row.picture]
    if not pictured:
        return ""
    lines = -(-len(pictured) // ACROSS)
    figure = Figure(figsize=(1.1 * ACROSS, 1.75 * lines), layout="constrained")
    for place, row in enumerate(pictured):
        plot = figure.add_subplot(lines, ACROSS, place + 1)
        side = isqrt(len(row.picture))
        greys = np.array([int(digit, 16) for digit in row.picture]).reshape(side, side)
        plot.imshow(greys, cmap="gray_r", vmin=0, vmax=15, interpolation="nearest")
        plot.set_xticks([])
        plot.set_yticks([])
        for spine in plot.spines.values():
            spine.set(visible=True, color=row.frame, linewidth=2)
        plot.set_title(f"row {row.row}", fontsize=7, color=QUIET, pad=3)
        plot.set_xlabel(row.told, fontsize=7, color=INK)
    return to_svg(figure, "rows of the holdout on which stable and canary disagree, as pictures")


def draw_course(course: Sequence[CoursePoint], evidence: EvidenceRecord) -> str:
    """The difference in accuracy and its lower bound over the rows so far, against the margin."""
    figure, plot = new_figure(7.2, 2.8)
    rows = [point.n for point in course]
    lower = [100 * tango_lower_bound(point.b, point.c, point.n, evidence.alpha) for point in course]
    plot.plot(rows, [100 * (point.c - point.b) / point.n for point in course], color=CANARY, label="difference")
    plot.plot(rows, lower, color=NOT_WORSE, linewidth=1, label="its lower bound")
    plot.axhline(-100 * evidence.margin, color=INK, linewidth=1.2, label="the margin")
    plot.axhline(0, color=QUIET, linewidth=0.8)
    plot.set_ylim(bottom=max(min(lower), -100 * max(5 * evidence.margin, 0.1)))
    plot.set_xlabel("rows of the holdout, in its order")
    plot.set_ylabel("points")
    plot.legend(loc="lower right", ncols=3, fontsize=8)
    return to_svg(figure, "difference in accuracy and its lower bound over the rows of the holdout, against the margin")
