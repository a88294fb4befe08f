"""Advisory evidence: what a person should see beside a verdict, and what takes no part in it.

Agreement and the rows of disagreement come with every judgement. Calibration needs the probabilities of answers, and
drift the labels of live traffic; where a source has them it hands them over, and where not they are left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from promotion.gate.disagreement import CoursePoint, DisagreeingRow
from promotion.gate.error_course import ErringRow, ErrorCoursePoint, ErrorSpread
from promotion.gate.evidence import PairedAnswers, confusion_matrix
from promotion.statistics.calibration import CalibrationBin, CalibrationError, calibration_bins, calibration_error
from promotion.statistics.drift import category_drift_p_value, population_stability_index

SEED = 20261121  # of the bootstrap: the same answers give the same interval
INTERVAL_ALPHA = 0.05
BINS = 15


@dataclass(frozen=True, slots=True)
class Agreement:
    """Which revision answers what, whatever is true."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """Rows by stable's answer (a row of the matrix each) and the canary's (a column each), as `classes` go."""
    agreed: float
    """Share of the rows with the same answer; 1 where there are none."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Is a revision right as often as it says?"""

    error: CalibrationError
    """Its interval has the confidence 95 %."""
    bins: tuple[CalibrationBin, ...]
    """Those of 15 equally wide ones that have answers, by rising confidence."""


@dataclass(frozen=True, slots=True)
class LabelDrift:
    """How a revision's answers are spread, on the holdout and in live traffic."""

    classes: tuple[str, ...]
    holdout: tuple[int, ...]
    live: tuple[int, ...]
    stability_index: float
    """Below 0.1 is commonly called stable, above 0.25 a shift."""
    p_value: float
    """Of one spread for both (chi-square)."""


@dataclass(frozen=True, slots=True)
class AdvisoryEvidence:
    """What is known; None is what was not observed."""

    agreement: Agreement | None = None
    stable_calibration: Calibration | None = None
    canary_calibration: Calibration | None = None
    drift: LabelDrift | None = None
    disagreements: tuple[DisagreeingRow, ...] = ()
    """A few rows of each kind."""
    course: tuple[CoursePoint, ...] = ()
    """How the counts of the verdict came together, row by row."""
    error_spread: ErrorSpread | None = None
    """Of regression models, as what follows."""
    erring_rows: tuple[ErringRow, ...] = ()
    """Those on which the two errors differ most."""
    error_course: tuple[ErrorCoursePoint, ...] = ()


def agreement_of(answers: PairedAnswers) -> Agreement:
    """How far both revisions answer alike."""
    counts = confusion_matrix(answers.stable_labels, answers.canary_labels, answers.classes)
    same = sum(counts[place][place] for place in range(len(counts)))
    return Agreement(answers.classes, counts, same / len(answers.truth) if answers.truth else 1.0)


def calibration_of(confidences: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Of one revision, by the probability of its own answer and whether that is right, a row each; at least one row.

    Raises ValueError for what are no probabilities.
    """
    probabilities, hits = np.array(confidences, dtype=np.float64), np.array(right, dtype=np.bool_)
    error = calibration_error(probabilities, hits, alpha=INTERVAL_ALPHA, seed=SEED, bins=BINS)
    return Calibration(error, tuple(calibration_bins(probabilities, hits, BINS)))


def drift_of(holdout_labels: Sequence[str], live_labels: Sequence[str], classes: Sequence[str]) -> LabelDrift:
    """Of one revision's answers; at least one of each. Labels that `classes` lack follow after them."""
    known = tuple(dict.fromkeys((*classes, *sorted({*holdout_labels, *live_labels}))))
    holdout, live = (
        tuple(counted[label] for label in known) for counted in (Counter(holdout_labels), Counter(live_labels))
    )
    index, p_value = population_stability_index(holdout, live), category_drift_p_value(holdout, live)
    return LabelDrift(known, holdout, live, index, p_value)
