"""How many more requests fail, held against statsmodels and against simulated canaries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from promotion.statistics.share_difference import share_difference_bounds

requests = st.integers(1, 5000)


@given(requests, requests, st.data(), st.sampled_from([0.001, 0.01, 0.05, 0.1]))
@settings(max_examples=200, deadline=None)
def test_the_bounds_are_newcombe_s(n1: int, n2: int, data: st.DataObject, alpha: float) -> None:
    failed1, failed2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    expected = confint_proportions_2indep(failed1, n1, failed2, n2, method="newcomb", compare="diff", alpha=2 * alpha)
    assert share_difference_bounds(failed1, n1, failed2, n2, alpha) == pytest.approx(expected, abs=1e-9)


def test_where_no_request_failed_the_bounds_are_still_as_wide_as_the_counts_are_small() -> None:
    few = share_difference_bounds(0, 5, 0, 95, 0.05)
    many = share_difference_bounds(0, 500, 0, 9500, 0.05)
    assert few == pytest.approx((-0.0277, 0.3511), abs=1e-4)
    assert many == pytest.approx((-0.0003, 0.0054), abs=1e-4)


@pytest.mark.parametrize(("failed", "n"), [(0, 0), (6, 5), (-1, 5)])
def test_no_requests_have_no_bounds(failed: int, n: int) -> None:
    with pytest.raises(ValueError, match="expected n > 0"):
        share_difference_bounds(failed, n, 0, 10, 0.05)


@pytest.mark.parametrize(("stable", "canary", "n"), [(0.01, 0.03, 50), (0.0, 0.02, 400), (0.05, 0.15, 100)])
def test_the_true_difference_is_below_the_lower_bound_in_about_alpha_at_most(
    stable: float, canary: float, n: int
) -> None:
    generator = np.random.default_rng(7)
    pairs = zip(generator.binomial(n, canary, 2000), generator.binomial(5 * n, stable, 2000), strict=True)
    misses = sum(
        share_difference_bounds(int(failed), n, int(other), 5 * n, 0.05)[0] > canary - stable for failed, other in pairs
    )
    assert misses / 2000 <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5 + 0.01  # an approximation: up to a point above
