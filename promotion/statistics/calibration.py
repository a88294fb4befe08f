"""Calibration: is a model right as often as it says that it is?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The expected calibration error with an interval; shares in 0..1."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Answers whose confidence lies in one bin; at least one."""

    n: int
    mean_confidence: float
    accuracy: float


def calibration_bins(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int) -> list[CalibrationBin]:
    """The bins that have answers, of `bins` equally wide ones: [0, 1/bins), ..., [1 - 1/bins, 1].

    confidence: the probability that a model gives to its own answer, one a row; right: whether that answer is right.
    Raises ValueError for confidences outside 0..1, other numbers of rows, no rows, and fewer than one bin.
    """
    if confidence.shape != right.shape or confidence.ndim != 1 or not len(confidence) or bins < 1:
        raise ValueError(
            f"{confidence.shape} confidences, {right.shape} answers, {bins} bins; expected as many of each, 1 at least"
        )
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError("a confidence is outside 0..1")
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    return [
        CalibrationBin(int(chosen.sum()), float(confidence[chosen].mean()), float(right[chosen].mean()))
        for chosen in (place == one for one in np.unique(place))
    ]


def calibration_error(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    *,
    alpha: float,
    seed: int,
    bins: int = 15,
    resamples: int = 1000,
) -> CalibrationError:
    """The expected calibration error, sum of n_bin / n |accuracy - mean confidence| (Naeini et al. 2015, AAAI, 2901).

    The estimate is above the truth, as a bin's gap is rarely 0 by chance, and resampling adds as much once more. So the
    interval, of confidence about 1 - alpha (90 to 97 % for 95 % from 200 rows on), reaches from the bootstrap's
    bias-corrected estimate less its standard errors to the estimate and as many; and down to 0 where answers drawn by
    the model's own confidences are off as far in more than alpha / 2 of the draws (consistency resampling, Bröcker and
    Smith 2007, Weather and Forecasting 22:651). Seeded. Raises ValueError as `calibration_bins` does and unless
    0 < alpha < 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; expected a share between 0 and 1")
    found, n = calibration_bins(confidence, right, bins), len(confidence)
    estimate = sum(one.n * abs(one.accuracy - one.mean_confidence) for one in found) / n
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    generator = np.random.default_rng(seed)
    again, calibrated = np.empty(resamples), np.empty(resamples)
    for run in range(resamples):
        drawn = generator.integers(0, n, n)
        again[run] = _error_of(place[drawn], right[drawn] - confidence[drawn], bins)
        calibrated[run] = _error_of(place, (generator.random(n) < confidence) - confidence, bins)
    half_width = float(norm.isf(alpha / 2)) * float(again.std(ddof=1))
    is_off = float((calibrated >= estimate).mean()) <= alpha / 2
    low = max(2 * estimate - float(again.mean()) - half_width, 0.0) if is_off else 0.0
    return CalibrationError(estimate, low, min(estimate + half_width, 1.0))


def _error_of(place: NDArray[np.int64], gaps: NDArray[np.float64], bins: int) -> float:
    return float(np.abs(np.bincount(place, weights=gaps, minlength=bins)).sum()) / len(place)
