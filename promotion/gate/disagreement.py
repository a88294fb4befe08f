"""The rows on which the revisions disagree, for a person to look at, and how the counts came together row by row.

Advisory, as advisory.py says: a picture of what the verdict counts, and no further test.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from dataset import LabelledRows
from promotion.gate.evidence import PairedAnswers

ROWS_OF_A_KIND = 8
LARGEST_SIDE = 64
GREYS = 16
COURSE_POINTS = 60


class DisagreementKind(StrEnum):
    """Who is right where the two differ; the most telling first."""

    ONLY_STABLE_RIGHT = "ONLY_STABLE_RIGHT"
    ONLY_CANARY_RIGHT = "ONLY_CANARY_RIGHT"
    NEITHER_RIGHT = "NEITHER_RIGHT"


@dataclass(frozen=True, slots=True)
class DisagreeingRow:
    """One row of the holdout that got two answers."""

    row: int
    """Its place in the holdout, from 1."""
    kind: DisagreementKind
    truth: str
    stable: str
    canary: str
    picture: str = ""
    """Where the row is a square picture: its pixels row by row as hexadecimal digits, 0 its least and f its largest."""


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """The counts of the first `n` rows, in the holdout's order."""

    n: int
    b: int
    c: int


def disagreements_of(answers: PairedAnswers, holdout: LabelledRows) -> tuple[DisagreeingRow, ...]:
    """The first few rows of each kind, the most telling kind first; `answers` are those to `holdout`, row by row."""
    found: dict[DisagreementKind, list[DisagreeingRow]] = {kind: [] for kind in DisagreementKind}
    for place, (truth, stable, canary) in enumerate(
        zip(answers.truth, answers.stable_labels, answers.canary_labels, strict=True)
    ):
        if stable == canary:
            continue
        kind = _kind(truth, stable, canary)
        if len(found[kind]) < ROWS_OF_A_KIND:
            found[kind].append(DisagreeingRow(place + 1, kind, truth, stable, canary, picture_of(holdout, place)))
    return tuple(row for kind in DisagreementKind for row in found[kind])


def course_of(answers: PairedAnswers) -> tuple[CoursePoint, ...]:
    """The counts after every so many rows, the last after all of them; none without rows."""
    truth, stable, canary = (
        np.array(labels, dtype=object) for labels in (answers.truth, answers.stable_labels, answers.canary_labels)
    )
    stable_right, canary_right = stable == truth, canary == truth
    lost, gained = np.cumsum(stable_right & ~canary_right), np.cumsum(canary_right & ~stable_right)
    rows = len(answers.truth)
    ends = sorted({round(rows * point / COURSE_POINTS) for point in range(1, COURSE_POINTS + 1)} - {0})
    return tuple(CoursePoint(end, int(lost[end - 1]), int(gained[end - 1])) for end in ends)


def picture_of(holdout: LabelledRows, place: int) -> str:
    """The row at `place` as a DisagreeingRow has it; an empty text where it is no picture."""
    return _greys(holdout.features[place]) if _picture_side(holdout) else ""


def _kind(truth: str, stable: str, canary: str) -> DisagreementKind:
    if stable == truth:
        return DisagreementKind.ONLY_STABLE_RIGHT
    return DisagreementKind.ONLY_CANARY_RIGHT if canary == truth else DisagreementKind.NEITHER_RIGHT


def _picture_side(holdout: LabelledRows) -> int:
    """Of a square picture; 0 where the columns are not called pixels, are no square, or too many to keep."""
    columns = len(holdout.feature_names)
    side = isqrt(columns)
    are_pixels = all(name.lower().startswith("pixel") for name in holdout.feature_names)
    return side if are_pixels and side * side == columns and 2 <= side <= LARGEST_SIDE else 0


def _greys(features: NDArray[np.float64]) -> str:
    low, high = float(features.min()), float(features.max())
    levels = np.zeros(len(features)) if high == low else (features - low) / (high - low) * (GREYS - 1)
    return "".join(f"{int(level):x}" for level in np.rint(levels))
