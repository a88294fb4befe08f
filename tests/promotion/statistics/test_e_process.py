"""The e-process of the margin: a fair bet by its own definition, and its size and power with a look after every row."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.statistics.e_process import EProcess, stakes_for
from tests.promotion.statistics.row_by_row import Disagreement, end_rates

TEST = EProcess.at(margin=0.02, alpha=0.05)


@pytest.mark.parametrize(
    ("pairs", "log_e"),
    [((0, 0, 148), 1.024882), ((4, 9, 420), 4.324054), ((12, 18, 700), 4.947598), ((190, 185, 3300), 3.648943)],
)
def test_known_values_are_met(pairs: tuple[int, int, int], log_e: float) -> None:
    assert float(TEST.log_e_value(*pairs)) == pytest.approx(log_e, abs=1e-6)


def test_the_stakes_at_two_points_are_those_it_was_made_with() -> None:
    assert stakes_for(0.02) == pytest.approx([0.615, 0.454, 0.303, 0.188, 0.113, 0.067])


@given(
    st.integers(0, 40), st.integers(0, 40), st.integers(0, 500), st.floats(0.001, 0.5), st.floats(0, 1), st.floats(0, 1)
)
def test_a_canary_at_the_margin_or_worse_cannot_grow_it_in_the_mean(
    b: int, c: int, same: int, margin: float, part: float, worse: float
) -> None:
    test = EProcess(margin=margin, alpha=0.05, floor=1)
    n = b + c + same
    difference = -margin - worse * (1 - margin)
    disagreement = -difference + part * (1 + difference)
    lost, gained = (disagreement - difference) / 2, (disagreement + difference) / 2
    now = float(test.log_e_value(b, c, n))
    after = [float(test.log_e_value(*pairs)) for pairs in ((b + 1, c, n + 1), (b, c + 1, n + 1), (b, c, n + 1))]
    mean = lost * exp(after[0] - now) + gained * exp(after[1] - now) + (1 - disagreement) * exp(after[2] - now)
    assert mean <= 1 + 1e-9


def test_it_begins_at_1() -> None:
    assert float(TEST.log_e_value(0, 0, 0)) == pytest.approx(0)


def test_it_promotes_from_its_floor_on_at_one_in_alpha() -> None:
    assert TEST.promotes(0, 60, [148, 149]).tolist() == [False, True]
    shown = [n for n in range(149, 1000) if TEST.promotes(0, 0, n)]
    assert float(TEST.log_e_value(0, 0, shown[0])) >= log(20) > float(TEST.log_e_value(0, 0, shown[0] - 1))


@pytest.mark.parametrize(
    "disagreement",
    [0.03, pytest.param(0.06, marks=pytest.mark.slow), lambda n: 0.03 if n <= 400 else 0.15],
    ids=["3 %", "6 %", "from 3 to 15 %"],
)
def test_looked_at_after_every_row_a_canary_at_the_margin_is_promoted_in_at_most_alpha(
    disagreement: float | Disagreement,
) -> None:
    (promoted,) = end_rates([TEST.promotes], 1000, disagreement, -0.02, most=130)
    assert 0.001 < promoted.rate <= 0.05


@pytest.mark.slow
def test_an_equal_canary_is_promoted_with_power_at_1_8_times_the_rows_of_the_fixed_test() -> None:
    rows = round(1.8 * 721)  # rows_for_power(0.03, 0.02, 0.05, 0.9)
    (promoted,) = end_rates([TEST.promotes], rows, 0.03, 0.0, most=80)
    assert promoted.rate == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(("margin", "alpha", "floor"), [(0.0, 0.05, 1), (0.02, 1.0, 1), (0.02, 0.05, 0)])
def test_a_test_that_is_none_is_refused(margin: float, alpha: float, floor: int) -> None:
    with pytest.raises(ValueError, match="expected 0 < margin < 1"):
        EProcess(margin=margin, alpha=alpha, floor=floor)
