"""Whether a classifier is as sure as it may be: of answers with a probability of 0.8, about 80 % should be right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.holdout_answers import ClassAnswers

BINS = 10


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """The answers whose probability is in one tenth of 0..1; empty tenths are left out."""

    rows: int
    confidence: float
    """Mean probability of the answered class."""
    accuracy: float
    """Share of the answers that are right."""


def calibrate(answers: ClassAnswers) -> tuple[CalibrationBin, ...]:
    """The answers by tenths of their probability, from low to high."""
    confidence = answers.confidence().astype(np.float64)
    is_right = answers.truth == answers.answered
    tenth = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)  # 0.1 belongs to the first
    return tuple(
        CalibrationBin(int(among.sum()), float(confidence[among].mean()), float(is_right[among].mean()))
        for among in (tenth == index for index in range(BINS))
        if among.any()
    )


def expected_calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Mean |confidence - accuracy| over the rows, by bins of equal width (Naeini et al. 2015, AAAI 29:2901)."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.confidence - one.accuracy) for one in bins) / rows
