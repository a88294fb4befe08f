"""Calibration against its definition, and its interval against the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve

from promotion.statistics.calibration import CalibrationBin, calibration_bins, calibration_error

answers = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


def sample(seed: int, n: int, overconfidence: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.5, 1.0, n)
    return confidence, generator.random(n) < confidence - overconfidence


@given(answers, st.integers(1, 20))
def test_bins_are_those_of_scikit_learn(rows: list[tuple[float, bool]], bins: int) -> None:
    confidence, right = (np.array(column) for column in zip(*rows, strict=True))
    borders = np.arange(1, bins) / bins
    confidence = confidence[~np.isin(confidence, borders)]  # scikit-learn counts a border to the other side
    if not len(confidence):
        return
    right = right[: len(confidence)]
    accuracy, mean = calibration_curve(right, confidence, n_bins=bins)
    found = calibration_bins(confidence, right, bins)
    assert [one.accuracy for one in found] == pytest.approx(accuracy.tolist())
    assert [one.mean_confidence for one in found] == pytest.approx(mean.tolist())
    assert sum(one.n for one in found) == len(confidence)


def test_the_error_is_the_weighted_gap_of_the_bins() -> None:
    confidence, right = np.array([0.9, 0.9, 0.9, 0.9, 0.2]), np.array([True, True, True, False, True])
    assert calibration_bins(confidence, right, 2) == [CalibrationBin(1, 0.2, 1.0), CalibrationBin(4, 0.9, 0.75)]
    found = calibration_error(confidence, right, alpha=0.1, seed=1, bins=2)
    assert found.estimate == pytest.approx((1 * 0.8 + 4 * 0.15) / 5)


def test_a_confidence_of_1_is_in_the_last_bin() -> None:
    assert calibration_bins(np.array([1.0, 0.95]), np.array([True, True]), 10) == [CalibrationBin(2, 0.975, 1.0)]


def test_an_overconfident_model_is_found_and_a_calibrated_one_is_not() -> None:
    calibrated = calibration_error(*sample(1, 2000), alpha=0.05, seed=1)
    overconfident = calibration_error(*sample(1, 2000, overconfidence=0.1), alpha=0.05, seed=1)
    assert calibrated.low < 0.01
    assert overconfident.low > 0.05
    assert overconfident.low < 0.1 < overconfident.high


@pytest.mark.slow
@pytest.mark.parametrize(("n", "truth"), [(500, 0.0), (500, 0.03), (200, 0.1), (2000, 0.1)])
def test_the_interval_has_the_truth_in_it_about_as_often_as_it_says(n: int, truth: float) -> None:
    covered = 0
    for seed in range(200):
        found = calibration_error(*sample(seed, n, truth), alpha=0.05, seed=seed, resamples=200)
        covered += found.low <= truth <= found.high
    assert covered / 200 >= 0.9


def test_the_same_seed_gives_the_same_interval() -> None:
    assert calibration_error(*sample(1, 100), alpha=0.05, seed=3) == calibration_error(
        *sample(1, 100), alpha=0.05, seed=3
    )


@pytest.mark.parametrize(
    ("confidence", "right", "bins"),
    [([], [], 5), ([0.5], [True, False], 5), ([0.5], [True], 0), ([1.1], [True], 5), ([np.nan], [True], 5)],
)
def test_what_are_no_confidences_is_refused(confidence: list[float], right: list[bool], bins: int) -> None:
    with pytest.raises(ValueError, match=r"expected as many of each|outside 0\.\.1"):
        calibration_bins(np.array(confidence, dtype=np.float64), np.array(right, dtype=np.bool_), bins)


def test_an_alpha_without_an_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha is"):
        calibration_error(*sample(1, 10), alpha=1.0, seed=1)
