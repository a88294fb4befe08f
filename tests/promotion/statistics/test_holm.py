"""Holm's correction against statsmodels."""

from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from promotion.statistics.holm import holm_rejections

p_values = st.one_of(st.floats(0, 0.02), st.floats(0, 1))


@given(st.lists(p_values, min_size=1, max_size=15))
@settings(max_examples=40)
def test_rejections_are_those_of_statsmodels(values: list[float]) -> None:
    assert holm_rejections(values, 0.05) == tuple(multipletests(values, 0.05, method="holm")[0])


def test_a_p_value_after_one_that_is_kept_is_kept() -> None:
    assert holm_rejections([0.04, 0.001, 0.03], 0.05) == (False, True, False)


def test_a_p_value_at_its_level_is_rejected() -> None:
    assert holm_rejections([0.025, 0.05], 0.05) == (True, True)


def test_no_p_values_give_no_rejections() -> None:
    assert holm_rejections([], 0.05) == ()
