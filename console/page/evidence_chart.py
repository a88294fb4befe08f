"""Evidence against the margin: how the interval closed as rows came in, and one interval for each part of the rows.

Pure: from the evidence record to places in a drawing, which the templates draw. Differences and margins are shares; for
a regression model, of stable's mean error, where less is better and the margin is above.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

from promotion.gate.comparison import Comparison
from promotion.gate.error_comparison import ErrorComparison
from promotion.gate.record import EvidenceRecord
from promotion.report.verdict_charts import claim_of
from promotion.statistics.tango import tango_lower_bound

WIDTH, HEIGHT = 460.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 12.0, 14.0, 34.0
TABLE_ROWS = 10
_LOOKS = {"not worse": "good", "worse": "bad", "not shown": "open", "too few rows": "quiet-mark"}


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in the drawing's units, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """After so many rows: the difference with its bounds, as shares."""

    n: int
    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class CourseChart:
    """The course as paths of an SVG of WIDTH x HEIGHT."""

    band: str
    line: str
    margin_at: float
    margin_text: str
    margin_text_at: float
    """Below the line, or above it where there is no room."""
    zero_at: float
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    says: str
    """For who does not see it: where it ended."""
    table: tuple[CoursePoint, ...]
    """And how it came there, at most TABLE_ROWS points of it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One line of the forest, with places in percent of its width."""

    name: str
    n: int
    stable: float
    canary: float
    low: float | None
    difference: float | None
    high: float | None
    margin: float
    """With its sign: the line that the interval must not cross."""
    claim: str
    look: str
    low_at: float = 0.0
    difference_at: float = 0.0
    high_at: float = 0.0
    margin_at: float = 0.0
    zero_at: float = 0.0


def course_chart(evidence: EvidenceRecord) -> CourseChart | None:
    """How the interval closed; None where the record does not say it."""
    points = list(_course(evidence))
    if not points:
        return None
    last, margin = points[-1], _signed_margin(evidence)
    reach = abs(evidence.margin)
    low = min(-2.5 * reach, 1.25 * last.low, 1.4 * margin)
    high = max(2.0 * reach, 1.25 * last.high, 1.4 * margin)

    def across(n: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * n / last.n

    def up(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - min(max(value, low), high)) / (high - low)

    def path(values: Iterable[tuple[int, float]]) -> str:
        return " ".join(f"{across(n):.1f},{up(value):.1f}" for n, value in values)

    edges = [(one.n, one.high) for one in points] + [(one.n, one.low) for one in reversed(points)]
    step = _round_step((high - low) / 8)
    marks = [step * number for number in range(floor(low / step) + 1, floor(high / step) + 1)]
    return CourseChart(
        band=path(edges),
        line=path((one.n, one.middle) for one in points),
        margin_at=up(margin),
        margin_text=f"margin {_points(margin)}",
        margin_text_at=up(margin) + (14 if up(margin) < HEIGHT - BOTTOM - 20 else -5),
        zero_at=up(0.0),
        across=tuple(Tick(across(n), f"{n:,}") for n in (0, last.n // 2, last.n)),
        up=tuple(Tick(up(value), _points(value)) for value in marks),
        says=_say(evidence, last, margin),
        table=_spread(points),
    )


def forest(evidence: EvidenceRecord) -> tuple[Interval, ...]:
    """All rows first, then each class and each group of a slice."""
    if evidence.errors is not None:
        rows = [_of_errors(one) for one in (evidence.errors, *evidence.error_slices)]
    else:
        compared = (*([evidence.overall] if evidence.overall else []), *evidence.classes, *evidence.slices)
        rows = [_of_accuracy(one, evidence.alpha) for one in compared]
    return _placed(rows)


def _course(evidence: EvidenceRecord) -> Iterable[CoursePoint]:
    for one in evidence.advisory.course:
        low, high = _tango(one.b, one.c, one.n, evidence.alpha)
        yield CoursePoint(one.n, low, (one.c - one.b) / one.n, high)
    for error in evidence.advisory.error_course:
        if error.growth is not None and error.bound_by_t is not None:
            yield CoursePoint(error.n, error.growth, error.growth, error.bound_by_t)


def _spread(points: Sequence[CoursePoint]) -> tuple[CoursePoint, ...]:
    """The last one, and others as far apart as they can be."""
    count = min(TABLE_ROWS, len(points))
    return tuple(points[round(len(points) * number / count) - 1] for number in range(1, count + 1))


def _tango(b: int, c: int, n: int, alpha: float) -> tuple[float, float]:
    return tango_lower_bound(b, c, n, alpha), -tango_lower_bound(c, b, n, alpha)


def _signed_margin(evidence: EvidenceRecord) -> float:
    return evidence.margin if evidence.errors is not None else -evidence.margin


def _of_accuracy(one: Comparison, alpha: float) -> Interval:
    low, high = _tango(one.b, one.c, one.n, alpha)
    claim = claim_of(one)
    accuracies = one.stable_accuracy, one.canary_accuracy
    return Interval(one.name, one.n, *accuracies, low, one.difference, high, -one.margin, claim, _LOOKS[claim])


def _of_errors(one: ErrorComparison) -> Interval:
    claim, errors = claim_of(one), (one.stable_error, one.canary_error)
    return Interval(one.name, one.n, *errors, one.growth, one.growth, one.bound, one.margin, claim, _LOOKS[claim])


def _placed(rows: Sequence[Interval]) -> tuple[Interval, ...]:
    """On one scale, which the widest intervals of small parts may leave."""
    if not rows:
        return ()
    most = max(3 * abs(row.margin) for row in rows)
    ends = [value for row in rows for value in (row.low, row.high, row.difference) if value is not None]
    low, high = max(min(ends, default=0.0), -2 * most), min(max(ends, default=0.0), 2 * most)
    low, high = min(low, *(1.3 * row.margin for row in rows), 0.0), max(high, *(1.3 * row.margin for row in rows), 0.0)
    room = 0.05 * (high - low)
    low, high = low - room, high + room

    def at(value: float | None) -> float:
        return round(100 * (min(max(value or 0.0, low), high) - low) / (high - low), 2)

    return tuple(
        Interval(
            *(row.name, row.n, row.stable, row.canary, row.low, row.difference, row.high),
            *(row.margin, row.claim, row.look),
            *(at(row.low), at(row.difference), at(row.high), at(row.margin), at(0.0)),
        )
        for row in rows
    )


def _round_step(size: float) -> float:
    power = 10.0 ** floor(log10(size))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= size)


def _points(value: float) -> str:
    return f"{100 * value:+.3g}".replace("-", "\u2212") if abs(value) > 1e-9 else "0"


def _say(evidence: EvidenceRecord, last: CoursePoint, margin: float) -> str:
    what = "growth of the mean error" if evidence.errors is not None else "difference in accuracy"
    return (
        f"After {last.n} rows the {what} is {_points(last.middle)} points, "
        f"between {_points(last.low)} and {_points(last.high)}; the margin is {_points(margin)}."
    )
