"""Harm at any time: the e-value by its integral, and its size with a look after every row."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import binom

from promotion.statistics.anytime_harm import harm_log_e_value, shows_harm_anytime
from promotion.statistics.e_process import EProcess
from promotion.statistics.flat_rule import FlatRule
from tests.promotion.statistics.row_by_row import end_rates

Counts = NDArray[np.int64]


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_e_value_is_the_likelihood_ratio_averaged_over_the_chances_above_a_half(b: int, c: int) -> None:
    average, _ = quad(lambda lost: 2 * (2 * lost) ** b * (2 * (1 - lost)) ** c, 0.5, 1)
    assert float(np.exp(harm_log_e_value(b, c))) == pytest.approx(average, rel=1e-6)


@pytest.mark.parametrize(("b", "c", "at_least"), [(0, 0, False), (4, 0, False), (7, 0, True), (0, 2000, False)])
def test_only_losses_show_harm(b: int, c: int, at_least: bool) -> None:
    assert bool(shows_harm_anytime(b, c, 0.05)) is at_least


def test_an_equal_canary_is_rejected_in_at_most_alpha_however_often_one_looks() -> None:
    (harmed,) = end_rates([lambda b, c, _n: shows_harm_anytime(b, c, 0.05)], 300, 1.0, 0.0, most=300)
    assert 0.005 < harmed.rate <= 0.05


def test_the_fixed_test_of_harm_looked_at_after_every_row_rejects_several_times_alpha() -> None:
    def peeks(b: Counts, c: Counts, _n: int) -> NDArray[np.bool_]:
        return np.asarray(binom.sf(b - 1, b + c, 0.5) <= 0.05)

    (harmed,) = end_rates([peeks], 300, 1.0, 0.0, most=300)
    assert harmed.rate > 0.15


@pytest.mark.slow
@pytest.mark.parametrize("disagreement", [0.03, 0.06])
def test_before_the_flat_rule_harm_hardly_costs_power(disagreement: float) -> None:
    rule = FlatRule.planned(margin=0.02, alpha=0.05, power=0.9, disagreement=disagreement)
    ends = [lambda b, c, _n: shows_harm_anytime(b, c, 0.05), rule.promotes]
    harmed, promoted = end_rates(ends, rule.horizon, disagreement, 0.0, most=120)
    assert 0.88 <= promoted.rate <= 0.91
    assert 0.01 <= harmed.rate <= 0.035


@pytest.mark.parametrize(
    "rule",
    [FlatRule.planned(margin=0.02, alpha=0.05, power=0.9, disagreement=0.06), EProcess.at(margin=0.02, alpha=0.05)],
    ids=["flat rule", "e-process"],
)
def test_a_canary_ten_points_worse_is_rejected_after_some_hundred_rows(rule: FlatRule | EProcess) -> None:
    ends = [lambda b, c, _n: shows_harm_anytime(b, c, 0.05), rule.promotes]
    harmed, promoted = end_rates(ends, 600, 0.14, -0.1, most=150)
    assert harmed.rate > 0.99
    assert harmed.mean_rows == pytest.approx(100, abs=15)
    assert promoted.rate < 1e-6


def test_no_counts_show_nothing() -> None:
    assert float(harm_log_e_value(0, 0)) == pytest.approx(0)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_an_alpha_that_shows_nothing_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha is"):
        shows_harm_anytime(1, log(1), alpha)
