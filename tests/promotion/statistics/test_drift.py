"""Drift against its definition, scipy, and its own size."""

from math import log

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from promotion.statistics.drift import category_drift_p_value, number_drift_p_value, population_stability_index


def test_the_index_is_the_symmetric_divergence_of_the_shares() -> None:
    expected = 0.25 * log(0.75 / 0.5) + -0.25 * log(0.25 / 0.5)
    assert population_stability_index([50_000, 50_000], [75_000, 25_000]) == pytest.approx(expected, abs=1e-4)
    assert population_stability_index([75_000, 25_000], [50_000, 50_000]) == pytest.approx(expected, abs=1e-4)


def test_the_same_spread_has_no_index_and_no_drift() -> None:
    assert population_stability_index([30, 60, 10], [300, 600, 100]) == pytest.approx(0, abs=1e-3)
    assert category_drift_p_value([30, 60, 10], [300, 600, 100]) == pytest.approx(1.0)


def test_an_empty_category_does_not_make_it_infinite() -> None:
    assert 0.1 < population_stability_index([100, 0], [90, 10]) < 1


def test_the_p_value_is_that_of_the_chi_square_test_on_the_categories_that_occur() -> None:
    oracle = chi2_contingency([[30, 60], [10, 80]], correction=False).pvalue
    assert category_drift_p_value([30, 60, 0], [10, 80, 0]) == pytest.approx(oracle)
    assert category_drift_p_value([30, 0], [10, 0]) == 1.0


def test_samples_of_one_spread_are_called_drift_in_about_alpha() -> None:
    generator = np.random.default_rng(5)
    shares = [0.1] * 10
    p_values = [
        category_drift_p_value(generator.multinomial(800, shares).tolist(), generator.multinomial(400, shares).tolist())
        for _ in range(1000)
    ]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.021)


def test_numbers_that_moved_are_found_and_numbers_that_did_not_are_not() -> None:
    generator = np.random.default_rng(5)
    holdout, live, moved = generator.beta(8, 2, 500), generator.beta(8, 2, 300), generator.beta(6, 3, 300)
    assert number_drift_p_value(holdout, live) > 0.05
    assert number_drift_p_value(holdout, moved) < 0.001


@pytest.mark.parametrize(("expected", "observed"), [([1], [1, 2]), ([-1, 2], [1, 2]), ([0, 0], [1, 2]), ([], [])])
def test_what_are_no_counts_is_refused(expected: list[int], observed: list[int]) -> None:
    for function in (population_stability_index, category_drift_p_value):
        with pytest.raises(ValueError, match="expected as many of each"):
            function(expected, observed)


def test_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="0 and 1 numbers"):
        number_drift_p_value(np.array([]), np.array([1.0]))
