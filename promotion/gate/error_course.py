"""A regression model's errors for a person to look at: how they are spread, which rows moved most, and how the growth
of the mean error came together row by row.

Advisory, as advisory.py says: a picture of what the verdict weighs, and no further test.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from dataset import LabelledRows
from promotion.gate.disagreement import COURSE_POINTS, ROWS_OF_A_KIND, picture_of
from promotion.gate.evidence import PairedValues
from promotion.statistics.paired_errors import error_growth, error_growth_bound_by_t

SPREAD_BINS = 24


class ErringKind(StrEnum):
    """Which of the two is further off; the more telling first."""

    CANARY_ERRS_MORE = "CANARY_ERRS_MORE"
    STABLE_ERRS_MORE = "STABLE_ERRS_MORE"


@dataclass(frozen=True, slots=True)
class ErringRow:
    """One row of the holdout on which one revision is much further off than the other."""

    row: int
    """Its place in the holdout, from 1."""
    kind: ErringKind
    truth: float
    stable: float
    """The value that it answered, as the canary's."""
    canary: float
    picture: str = ""
    """As that of a DisagreeingRow."""


@dataclass(frozen=True, slots=True)
class ErrorSpread:
    """Both revisions' errors with their sign, answered - true: counts in equally wide bins, and the means."""

    edges: tuple[float, ...]
    """Ascending, one more than counts, in the unit of the label."""
    stable: tuple[int, ...]
    canary: tuple[int, ...]
    stable_bias: float
    canary_bias: float


@dataclass(frozen=True, slots=True)
class ErrorCoursePoint:
    """The mean errors of the first `n` rows, in the holdout's order."""

    n: int
    growth: float | None
    """Of the mean error, a share of stable's; None where stable has no error yet."""
    bound_by_t: float | None
    """One-sided at alpha; None where no margin could be shown."""


def erring_rows_of(values: PairedValues, holdout: LabelledRows) -> tuple[ErringRow, ...]:
    """The few rows of each kind on which the two errors differ most, the largest difference first."""
    truth, stable, canary = _arrays(values)
    more = np.abs(canary - truth) - np.abs(stable - truth)
    order = np.argsort(-more, kind="stable")
    worse = [place for place in order[:ROWS_OF_A_KIND] if more[place] > 0]
    better = [place for place in order[::-1][:ROWS_OF_A_KIND] if more[place] < 0]
    return tuple(
        ErringRow(
            int(place) + 1,
            kind,
            float(truth[place]),
            float(stable[place]),
            float(canary[place]),
            picture_of(holdout, int(place)),
        )
        for kind, places in ((ErringKind.CANARY_ERRS_MORE, worse), (ErringKind.STABLE_ERRS_MORE, better))
        for place in places
    )


def error_spread_of(values: PairedValues) -> ErrorSpread | None:
    """How both revisions' errors are spread; None without rows."""
    truth, stable, canary = _arrays(values)
    if not len(truth):
        return None
    stable_off, canary_off = stable - truth, canary - truth
    edges = np.histogram_bin_edges(np.concatenate([stable_off, canary_off]), SPREAD_BINS)
    stable_counts, canary_counts = (tuple(np.histogram(off, edges)[0].tolist()) for off in (stable_off, canary_off))
    return ErrorSpread(
        tuple(edges.tolist()), stable_counts, canary_counts, float(stable_off.mean()), float(canary_off.mean())
    )


def error_course_of(values: PairedValues, alpha: float) -> tuple[ErrorCoursePoint, ...]:
    """The growth after every so many rows, the last after all of them; none for fewer than two rows."""
    truth, stable, canary = _arrays(values)
    stable_errors, canary_errors = np.abs(stable - truth), np.abs(canary - truth)
    rows = len(truth)
    ends = sorted({round(rows * point / COURSE_POINTS) for point in range(1, COURSE_POINTS + 1)} - {0, 1})
    return tuple(
        ErrorCoursePoint(
            end,
            _finite(error_growth(stable_errors[:end], canary_errors[:end])),
            _finite(error_growth_bound_by_t(stable_errors[:end], canary_errors[:end], alpha)),
        )
        for end in ends
    )


def _arrays(values: PairedValues) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    truth, stable, canary = (np.array(one, dtype=np.float64) for one in (values.truth, values.stable, values.canary))
    return truth, stable, canary


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None
