"""The split check against chi-square where counts are large, and by its own size where they are small."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from promotion.statistics.split_check import split_p_value

ALARM = 0.001


@given(st.integers(50_000, 500_000), st.sampled_from([5, 25, 50]), st.floats(-4, 4))
def test_with_many_requests_it_is_the_chi_square_test(requests: int, percent: int, deviations: float) -> None:
    share = percent / 100
    canary = round(requests * share + deviations * np.sqrt(requests * share * (1 - share)))
    oracle = chisquare([requests - canary, canary], [requests * (1 - share), requests * share]).pvalue
    assert split_p_value(requests - canary, canary, percent) == pytest.approx(oracle, rel=0.1, abs=0.01)


@pytest.mark.parametrize("requests", [20, 40, 100, 1000])
def test_a_right_split_alarms_no_more_often_than_it_says_and_chi_square_does(requests: int) -> None:
    share = 0.05
    canary = np.arange(requests + 1)
    chances = binom.pmf(canary, requests, share)
    expected = [requests * (1 - share), requests * share]
    by_chi_square = np.array([chisquare([requests - k, k], expected).pvalue < ALARM for k in canary])
    exact = np.array([split_p_value(requests - int(k), int(k), 5) < ALARM for k in canary])
    assert chances[exact].sum() <= ALARM
    assert chances[by_chi_square].sum() > ALARM


def test_a_wrong_split_alarms() -> None:
    assert split_p_value(500, 500, 25) < ALARM
    assert split_p_value(1000, 0, 5) < ALARM


def test_the_asked_split_does_not() -> None:
    assert split_p_value(950, 50, 5) == pytest.approx(1.0)


@pytest.mark.parametrize("percent", [0, 5, 100])
def test_no_requests_contradict_no_split(percent: int) -> None:
    assert split_p_value(0, 0, percent) == 1.0


@pytest.mark.parametrize(
    ("stable", "canary", "percent", "p_value"),
    [(1000, 0, 0, 1.0), (1000, 1, 0, 0.0), (0, 1000, 100, 1.0), (1, 1000, 100, 0.0)],
)
def test_where_there_is_no_chance_one_request_decides(stable: int, canary: int, percent: int, p_value: float) -> None:
    assert split_p_value(stable, canary, percent) == p_value


@pytest.mark.parametrize(("stable", "canary", "percent"), [(-1, 2, 5), (2, -1, 5), (1, 1, -1), (1, 1, 101)])
def test_what_cannot_be_a_split_is_refused(stable: int, canary: int, percent: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        split_p_value(stable, canary, percent)
