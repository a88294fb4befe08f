"""The row floor by its definition; the plan by known values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.statistics.row_floor import row_floor, rows_needed


@pytest.mark.parametrize(("margin", "floor"), [(0.02, 149), (0.01, 299), (0.05, 59)])
def test_known_floors_are_met(margin: float, floor: int) -> None:
    assert row_floor(margin, 0.05) == floor


@given(st.floats(0.001, 0.9), st.floats(0.001, 0.5))
def test_the_floor_is_the_first_n_at_which_losing_no_row_is_rarer_than_alpha(margin: float, alpha: float) -> None:
    floor = row_floor(margin, alpha)
    assert (1 - margin) ** floor <= alpha * (1 + 1e-9)
    assert (1 - margin) ** (floor - 1) > alpha * (1 - 1e-9)


@pytest.mark.parametrize(("disagreement", "rows"), [(0.0, 0), (0.03, 643), (0.06, 1285)])
def test_known_plans_are_met(disagreement: float, rows: int) -> None:
    assert rows_needed(disagreement, 0.02, 0.05, 0.9) == rows


def test_half_the_margin_takes_four_times_the_rows() -> None:
    assert rows_needed(0.06, 0.01, 0.05, 0.9) == pytest.approx(4 * rows_needed(0.06, 0.02, 0.05, 0.9), abs=4)


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.02])
def test_a_margin_that_no_rows_can_show_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="margin is"):
        row_floor(margin, 0.05)


@pytest.mark.parametrize(
    ("disagreement", "power", "named"), [(-0.1, 0.9, "disagreement"), (1.1, 0.9, "disagreement"), (0.1, 1.0, "power")]
)
def test_an_impossible_plan_is_refused(disagreement: float, power: float, named: str) -> None:
    with pytest.raises(ValueError, match=f"{named} is"):
        rows_needed(disagreement, 0.02, 0.05, power)
