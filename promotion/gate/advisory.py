"""Advisory evidence: what a person should see beside a verdict, and what takes no part in it.

Agreement and the rows of disagreement come with every judgement. Calibration needs the probabilities of answers, and
drift what was recorded of live traffic; where they are not there, they are left out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from promotion.gate.disagreement import CoursePoint, DisagreeingRow
from promotion.gate.error_course import ErringRow, ErrorCoursePoint, ErrorSpread
from promotion.gate.evidence import PairedAnswers, confusion_matrix
from promotion.statistics.calibration import CalibrationBin, CalibrationError, calibration_bins, calibration_error
from promotion.statistics.drift import category_drift_p_value, number_drift_p_value, population_stability_index

SEED = 20261121  # of the bootstrap: the same answers give the same interval
INTERVAL_ALPHA = 0.05
BINS = 15
VALUE_RANGES = 10


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
class AnswerDrift:
    """How stable's answers are spread, on the holdout and in live traffic."""

    classes: tuple[str, ...]
    """Of a classifier; of a regression model, ranges of values that have as many rows of the holdout each."""
    holdout: tuple[int, ...]
    live: tuple[int, ...]
    stability_index: float
    """Below 0.1 is commonly called stable, above 0.25 a shift."""
    p_value: float
    """Of one spread for both."""
    test: str = "chi-square"
    """What the p-value is of: of classes chi-square, of values Kolmogorov-Smirnov."""


@dataclass(frozen=True, slots=True)
class LiveRows:
    """Recorded predictions that were read."""

    of_stable: int
    of_others: int
    """Of other bundles; they take no part."""


@dataclass(frozen=True, slots=True)
class AdvisoryEvidence:
    """What is known; None is what was not observed."""

    agreement: Agreement | None = None
    stable_calibration: Calibration | None = None
    canary_calibration: Calibration | None = None
    drift: AnswerDrift | None = None
    """None also where live traffic has no answer of stable's bundle."""
    live: LiveRows | None = None
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


def drift_of(holdout_labels: Sequence[str], live_labels: Mapping[str, int], classes: Sequence[str]) -> AnswerDrift:
    """Of a classifier's answers, those in live traffic by how often they came; at least one of each.

    Labels that `classes` lack follow after them.
    """
    known = tuple(dict.fromkeys((*classes, *sorted({*holdout_labels, *live_labels}))))
    on_holdout = Counter(holdout_labels)
    holdout, live = tuple(on_holdout[label] for label in known), tuple(live_labels.get(label, 0) for label in known)
    index, p_value = population_stability_index(holdout, live), category_drift_p_value(holdout, live)
    return AnswerDrift(known, holdout, live, index, p_value)


def value_drift_of(holdout_values: Sequence[float], live_values: Sequence[float]) -> AnswerDrift:
    """Of a regression model's answers; at least one of each. The ranges are the holdout's tenths."""
    # The same FP32 answer is written with more digits in a replay than in a record, and ties are to stay ties.
    holdout, live = (np.array(one, dtype=np.float32).astype(np.float64) for one in (holdout_values, live_values))
    borders = np.unique(np.quantile(holdout, np.arange(1, VALUE_RANGES) / VALUE_RANGES))
    names = (*(f"up to {border:.4g}" for border in borders), f"above {borders[-1]:.4g}")
    on_holdout, in_traffic = (
        tuple(np.bincount(np.searchsorted(borders, values, side="left"), minlength=len(names)).tolist())
        for values in (holdout, live)
    )
    index, p_value = population_stability_index(on_holdout, in_traffic), number_drift_p_value(holdout, live)
    return AnswerDrift(names, on_holdout, in_traffic, index, p_value, "Kolmogorov-Smirnov")
