"""The flat rule, exactly: its size and power with a look after every row, and what a careless look would do."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from promotion.statistics.exact_rates import rows_for_power
from promotion.statistics.flat_rule import FlatRule, drift_for_power
from promotion.statistics.tango import tango_z_values
from tests.promotion.statistics.row_by_row import end_rates

MARGIN, ALPHA, POWER = 0.02, 0.05, 0.9
Counts = NDArray[np.int64]


def planned(disagreement: float) -> FlatRule:
    return FlatRule.planned(margin=MARGIN, alpha=ALPHA, power=POWER, disagreement=disagreement)


def test_known_plans_are_met() -> None:
    assert drift_for_power(ALPHA, POWER) == pytest.approx(3.0231548, abs=1e-7)
    assert planned(0.06) == FlatRule(margin=MARGIN, alpha=ALPHA, floor=149, horizon=1521)
    assert planned(0.0).horizon == 150


@pytest.mark.parametrize(("alpha", "power"), [(0.05, 0.9), (0.01, 0.5), (0.2, 0.99)])
def test_the_drift_passes_the_line_with_the_power_asked_for(alpha: float, power: float) -> None:
    generator = np.random.default_rng(7)
    steps, runs = 1000, 2000
    walks = generator.normal(drift_for_power(alpha, power) / steps, 1 / np.sqrt(steps), (runs, steps)).cumsum(axis=1)
    passed = (walks.max(axis=1) >= norm.isf(alpha / 2)).mean()
    assert passed == pytest.approx(power, abs=0.03)  # discrete steps miss 2 % of the passages, 3 errors are 2 to 3 %


@pytest.mark.parametrize(
    ("pairs", "promotes"),
    [((0, 0, 148), False), ((4, 9, 420), False), ((12, 18, 700), True), ((190, 185, 3300), False)],
)
def test_known_rows_are_promoted(pairs: tuple[int, int, int], promotes: bool) -> None:
    assert bool(FlatRule(margin=MARGIN, alpha=ALPHA, floor=149, horizon=1371).promotes(*pairs)) is promotes


def test_nothing_is_promoted_below_the_floor_or_past_the_horizon() -> None:
    rule = planned(0.06)
    assert rule.promotes(0, 100, [148, 149, 1521, 1522]).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("disagreement", "size"), [(0.021, 0.029), (0.03, 0.037), pytest.param(0.06, 0.045, marks=pytest.mark.slow)]
)
def test_looked_at_after_every_row_a_canary_at_the_margin_is_promoted_in_at_most_alpha(
    disagreement: float, size: float
) -> None:
    rule = planned(disagreement)
    (promoted,) = end_rates([rule.promotes], rule.horizon, disagreement, -MARGIN, most=130)
    assert promoted.rate == pytest.approx(size, abs=0.001)
    assert promoted.rate <= ALPHA


@pytest.mark.parametrize("disagreement", [0.021, 0.03, pytest.param(0.06, marks=pytest.mark.slow)])
def test_an_equal_canary_is_promoted_with_the_planned_power_on_fewer_rows_than_the_fixed_test(
    disagreement: float,
) -> None:
    rule = planned(disagreement)
    (promoted,) = end_rates([rule.promotes], rule.horizon, disagreement, 0.0, most=130)
    assert 0.9 <= promoted.rate <= 0.914
    mean_rows = promoted.rate * promoted.mean_rows + (1 - promoted.rate) * rule.horizon
    fixed_rows = rows_for_power(disagreement, MARGIN, ALPHA, POWER)
    assert 0.7 < mean_rows / fixed_rows < 0.8
    assert 1.1 < rule.horizon / fixed_rows < 1.16


@pytest.mark.parametrize("every", [1, 25])
def test_the_fixed_test_looked_at_again_and_again_promotes_three_times_alpha(every: int) -> None:
    def peeks(b: Counts, c: Counts, n: int) -> NDArray[np.bool_]:
        return (tango_z_values(b, c, n, MARGIN) >= norm.isf(ALPHA)) & (n >= 149)

    (promoted,) = end_rates([peeks], planned(0.03).horizon, 0.03, -MARGIN, most=80, every=every)
    assert promoted.rate > 3 * ALPHA


def test_the_horizon_is_part_of_the_test() -> None:
    """Ending at whichever row shows most, as if it had been the horizon, promotes more than alpha."""
    rule = planned(0.03)

    def cut_short_to_the_row(b: Counts, c: Counts, n: int) -> NDArray[np.bool_]:
        if n < 149:
            return np.zeros(b.shape, dtype=np.bool_)
        return FlatRule(margin=MARGIN, alpha=ALPHA, floor=149, horizon=n).promotes(b, c, n)

    (promoted,) = end_rates([cut_short_to_the_row], rule.horizon, 0.03, -MARGIN, most=90)
    assert promoted.rate > 1.3 * ALPHA


@pytest.mark.slow
def test_a_disagreement_that_jumps_to_five_times_costs_a_point() -> None:
    rule = planned(0.03)
    jump = rule.horizon // 2
    (promoted,) = end_rates([rule.promotes], rule.horizon, lambda n: 0.03 if n <= jump else 0.15, -MARGIN, most=160)
    assert promoted.rate == pytest.approx(0.06, abs=0.001)


@pytest.mark.parametrize(
    ("margin", "alpha", "floor", "horizon"),
    [(0.0, 0.05, 1, 2), (0.02, 0.5, 1, 2), (0.02, 0.05, 3, 2), (0.02, 0.05, 0, 2)],
)
def test_a_rule_that_is_none_is_refused(margin: float, alpha: float, floor: int, horizon: int) -> None:
    with pytest.raises(ValueError, match="expected 0 < margin"):
        FlatRule(margin=margin, alpha=alpha, floor=floor, horizon=horizon)


def test_a_power_below_alpha_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 < alpha < power < 1"):
        drift_for_power(0.05, 0.04)
