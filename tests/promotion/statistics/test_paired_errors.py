"""Paired errors against scipy, statsmodels and their own size."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t, ttest_rel
from statsmodels.stats.weightstats import DescrStatsW

from promotion.statistics.paired_errors import (
    Errors,
    error_growth,
    error_growth_bounds,
    error_growth_t,
    harm_of_errors,
)

ALPHA = 0.05


def errors(seed: int, n: int = 200, growth: float = 0.0, spread: float = 0.5) -> tuple[Errors, Errors]:
    """Skewed errors, those of both revisions correlated; the canary's larger by `growth` in the mean."""
    generator = np.random.default_rng(seed)
    stable = generator.gamma(2.0, 1.0, n)
    return stable, stable * (1 + growth) * generator.gamma(1 / spread**2, spread**2, n)


@given(st.integers(0, 1000), st.floats(-0.5, 1.0))
def test_the_statistic_is_that_of_the_t_test(seed: int, margin: float) -> None:
    stable, canary = errors(seed)
    oracle = ttest_rel((1 + margin) * stable, canary, alternative="greater")
    assert error_growth_t(stable, canary, margin) == pytest.approx(oracle.statistic)
    statistic, *_ = DescrStatsW((1 + margin) * stable - canary).ttest_mean(0, alternative="larger")
    assert error_growth_t(stable, canary, margin) == pytest.approx(statistic)
    assert harm_of_errors(stable, canary) == pytest.approx(ttest_rel(canary, stable, alternative="greater").pvalue)


@given(st.integers(0, 1000), st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=10)
def test_the_bound_by_t_is_where_the_test_turns(seed: int, alpha: float) -> None:
    stable, canary = errors(seed)
    bound = error_growth_bounds(stable, canary, alpha, seed=1, resamples=99).by_t
    assert error_growth_t(stable, canary, bound) == pytest.approx(t.isf(alpha, len(stable) - 1))
    assert bound > error_growth(stable, canary)


def test_both_bounds_are_near_each_other_where_rows_are_many_and_not_wild() -> None:
    stable, canary = errors(3, n=2000)
    bounds = error_growth_bounds(stable, canary, ALPHA, seed=1, resamples=999)
    assert bounds.by_bootstrap == pytest.approx(bounds.by_t, abs=0.003)
    assert bounds.larger == max(bounds.by_t, bounds.by_bootstrap)


def test_the_same_seed_gives_the_same_bounds() -> None:
    first, second, other = (error_growth_bounds(*errors(4), ALPHA, seed=seed, resamples=199) for seed in (1, 1, 2))
    assert first == second
    assert first.by_bootstrap != other.by_bootstrap


@pytest.mark.slow
def test_an_error_that_grows_by_the_margin_is_shown_to_be_within_it_in_about_alpha() -> None:
    """Both bounds together: 1000 runs of skewed errors on 150 rows; three standard errors are 2 %."""
    margin, shown, naive = 0.1, 0, 0
    for seed in range(1000):
        stable, canary = errors(seed, n=150, growth=margin)
        shown += error_growth_bounds(stable, canary, ALPHA, seed=seed, resamples=199).larger <= margin
        naive += error_growth(stable, canary) <= margin
    assert 0.02 <= shown / 1000 <= 0.07
    assert naive / 1000 > 0.4


@pytest.mark.parametrize(
    ("stable", "canary", "growth", "by_t"),
    [
        ([1.0, 1.0, 2.0], [1.0, 1.0, 2.0], 0.0, 0.0),
        ([0.0, 0.0], [0.0, 0.0], 0.0, 0.0),
        ([0.0, 0.0], [0.0, 1.0], inf, inf),
        ([1.0, 1.0], [2.0, 2.0], 1.0, 1.0),
    ],
)
def test_corners_are_what_one_would_say(stable: list[float], canary: list[float], growth: float, by_t: float) -> None:
    pair = np.array(stable), np.array(canary)
    assert error_growth(*pair) == growth
    assert error_growth_bounds(*pair, ALPHA, seed=1, resamples=99).by_t == pytest.approx(by_t)


def test_equal_errors_are_no_harm_and_a_constant_loss_is_sure() -> None:
    same = np.array([1.0, 2.0, 3.0])
    assert harm_of_errors(same, same) == 1.0
    assert harm_of_errors(same, same + 1) == 0.0
    assert error_growth_t(same, same, 0.0) == 0.0


@pytest.mark.parametrize(
    ("stable", "canary", "message"),
    [
        ([], [], "one at least"),
        ([1.0, 2.0], [1.0], "as many errors of each"),
        ([1.0, -2.0], [1.0, 2.0], "negative or no finite number"),
        ([1.0, 2.0], [1.0, np.nan], "negative or no finite number"),
        ([1.0], [1.0], "expected at least 2"),
    ],
)
def test_what_are_no_paired_errors_is_refused(stable: list[float], canary: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        error_growth_bounds(np.array(stable), np.array(canary), ALPHA, seed=1)


def test_an_alpha_that_bounds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha is"):
        error_growth_bounds(*errors(1), 0.5, seed=1)
