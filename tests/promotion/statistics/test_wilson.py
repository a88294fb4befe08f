"""Wilson's bounds against statsmodels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from promotion.statistics.wilson import wilson_bounds


@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.01, 0.05, 0.2]))
def test_bounds_are_those_of_statsmodels(n: int, share: float, alpha: float) -> None:
    successes = round(share * n)
    expected = proportion_confint(successes, n, alpha=2 * alpha, method="wilson")
    assert wilson_bounds(successes, n, alpha) == pytest.approx(expected, abs=1e-12)


def test_all_or_nothing_keeps_the_bounds_within_a_share() -> None:
    assert wilson_bounds(0, 10, 0.05)[0] == 0.0
    assert wilson_bounds(10, 10, 0.05)[1] == 1.0


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="expected n > 0"):
        wilson_bounds(successes, n, 0.05)


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_an_alpha_without_a_bound_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha is"):
        wilson_bounds(1, 2, alpha)
