"""The exact rates against a sum over every outcome, and the plan by its definition."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial, norm

from promotion.statistics.exact_rates import promotion_rate, rows_for_power
from promotion.statistics.row_floor import row_floor, rows_needed
from promotion.statistics.tango import tango_z


def rate_by_every_outcome(n: int, disagreement: float, difference: float, margin: float, alpha: float) -> float:
    shares = ((disagreement - difference) / 2, (disagreement + difference) / 2, 1 - disagreement)
    promoted = [
        (b, c, n - b - c)
        for b in range(n + 1)
        for c in range(n + 1 - b)
        if n >= row_floor(margin, alpha) and tango_z(b, c, n, margin) >= norm.isf(alpha)
    ]
    return float(multinomial.pmf(promoted, n, shares).sum()) if promoted else 0.0


@given(
    st.integers(10, 80),
    st.floats(0.0, 1.0),
    st.floats(-1, 1),
    st.sampled_from([0.05, 0.2]),
    st.sampled_from([0.05, 0.2]),
)
@settings(max_examples=30)
def test_the_rate_is_the_sum_over_every_outcome(
    n: int, disagreement: float, part: float, margin: float, alpha: float
) -> None:
    difference = part * disagreement
    expected = rate_by_every_outcome(n, disagreement, difference, margin, alpha)
    assert promotion_rate(n, disagreement, difference, margin, alpha) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("disagreement", [5e-324, 1e-308, 1e-300, 1e-16])
def test_a_disagreement_next_to_none_is_none(disagreement: float) -> None:
    assert promotion_rate(80, disagreement, 0.0, 0.05, 0.05) == pytest.approx(promotion_rate(80, 0.0, 0.0, 0.05, 0.05))


def test_below_the_row_floor_nothing_is_promoted() -> None:
    assert promotion_rate(148, 0.01, 0.0, 0.02, 0.05) == 0.0
    assert promotion_rate(149, 0.01, 0.0, 0.02, 0.05) > 0.0


@pytest.mark.parametrize("disagreement", [0.0, 0.01, 0.03, 0.06, 0.15])
@pytest.mark.parametrize(("margin", "alpha", "power"), [(0.02, 0.05, 0.9), (0.05, 0.1, 0.8), (0.01, 0.025, 0.95)])
def test_the_planned_rows_reach_the_power_and_one_fewer_does_not(
    disagreement: float, margin: float, alpha: float, power: float
) -> None:
    rows = rows_for_power(disagreement, margin, alpha, power)
    assert promotion_rate(rows, disagreement, 0.0, margin, alpha) >= power
    assert promotion_rate(rows - 1, disagreement, 0.0, margin, alpha) < power
    assert rows >= row_floor(margin, alpha)


def test_where_many_rows_are_disagreed_on_the_plan_is_the_normal_approximation() -> None:
    assert rows_for_power(0.3, 0.02, 0.05, 0.9) == pytest.approx(rows_needed(0.3, 0.02, 0.05, 0.9), rel=0.002)


@pytest.mark.parametrize(
    ("disagreement", "difference", "alpha", "named"),
    [(0.01, -0.02, 0.05, "disagreement"), (1.1, 0.0, 0.05, "disagreement"), (0.1, 0.0, 0.5, "alpha")],
)
def test_an_impossible_canary_is_refused(disagreement: float, difference: float, alpha: float, named: str) -> None:
    with pytest.raises(ValueError, match=f"{named} is"):
        promotion_rate(200, disagreement, difference, 0.02, alpha)
