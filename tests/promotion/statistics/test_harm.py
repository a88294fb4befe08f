"""Harm against the exact McNemar test of statsmodels and the binomial sum itself."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from promotion.statistics.harm import harm_p_value


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_p_value_is_the_upper_binomial_tail(b: int, c: int) -> None:
    tail = sum(comb(b + c, lost) for lost in range(b, b + c + 1)) / 2 ** (b + c)
    assert harm_p_value(b, c) == pytest.approx(tail)


@given(st.integers(1, 300), st.integers(0, 300))
def test_where_more_is_lost_it_is_half_of_mcnemars_exact_p_value(b: int, c: int) -> None:
    if b > c:
        assert 2 * harm_p_value(b, c) == pytest.approx(mcnemar([[0, b], [c, 0]], exact=True).pvalue)


@pytest.mark.parametrize("c", [0, 7])
def test_where_nothing_is_lost_there_is_no_harm(c: int) -> None:
    assert harm_p_value(0, c) == 1.0


@pytest.mark.parametrize(("b", "c"), [(-1, 0), (0, -1)])
def test_a_negative_count_is_refused(b: int, c: int) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        harm_p_value(b, c)
