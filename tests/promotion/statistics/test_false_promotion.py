"""How often the gate's test promotes, exactly: summed over every (b, c) that n pairs can give, not simulated.

At the margin it may promote alpha = 5 % of the time. The score test is approximate, and its exact size waves around
alpha as n grows. Where the disagreement is more than the margin the waves stay below 5.5 %. Where it is hardly more
than the margin, the canary wins no row and b alone decides, in whole steps: there the size peaks at 6.24 %, where
(b, c) = (1, 0) is first promoted (n = 222). The gates that one would write first are beyond either by far.
"""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom, norm

from promotion.statistics.row_floor import row_floor, rows_needed
from promotion.statistics.tango import tango_z

MARGIN, ALPHA, POWER = 0.02, 0.05, 0.9
SIZE_NEAR_THE_MARGIN, SIZE_ELSEWHERE = 0.0625, 0.055

Gate = Callable[[int, int, int], bool]
CRITICAL_Z = float(norm.isf(ALPHA))


def gate_by_tango(b: int, c: int, n: int) -> bool:
    return tango_z(b, c, n, MARGIN) >= CRITICAL_Z


def gate_by_point_estimate(b: int, c: int, n: int) -> bool:
    return c - b >= -n * MARGIN


def gate_by_no_significant_difference(b: int, c: int, n: int) -> bool:
    return 2 * float(binom.cdf(min(b, c), b + c, 0.5)) > ALPHA


def promotion_rate(gate: Gate, n: int, disagreement: float, difference: float) -> float:
    """P(gate promotes) where rows that one revision alone has right have the share `disagreement`."""
    only_stable = (disagreement - difference) / 2
    rate = 0.0
    for discordant in range(int(binom.isf(1e-9, n, disagreement)) + 1):
        b = np.arange(discordant + 1)
        promoted = np.array([gate(int(lost), int(discordant - lost), n) for lost in b])
        chances = binom.pmf(b, discordant, min(only_stable / disagreement, 1.0))
        rate += float(binom.pmf(discordant, n, disagreement) * chances[promoted].sum())
    return rate


@pytest.mark.parametrize(
    ("n", "disagreement"), [(149, 0.03), (176, 0.03), (247, 0.06), (500, 0.06), (643, 0.03), (1285, 0.06), (160, 0.1)]
)
def test_a_canary_at_the_margin_is_promoted_in_at_most_alpha(n: int, disagreement: float) -> None:
    assert 0.02 < promotion_rate(gate_by_tango, n, disagreement, -MARGIN) <= SIZE_ELSEWHERE


@pytest.mark.parametrize("disagreement", [0.02, 0.021])
def test_near_the_margin_the_size_peaks_within_its_tolerance(disagreement: float) -> None:
    sizes = {n: promotion_rate(gate_by_tango, n, disagreement, -MARGIN) for n in range(149, 400)}
    peak = max(sizes, key=lambda n: sizes[n])
    assert peak == 222
    assert ALPHA < sizes[peak] <= SIZE_NEAR_THE_MARGIN


def test_below_the_row_floor_the_bare_test_promotes_too_often() -> None:
    assert row_floor(MARGIN, ALPHA) > 133
    assert promotion_rate(gate_by_tango, 133, MARGIN, -MARGIN) == pytest.approx(0.068, abs=5e-4)


@pytest.mark.parametrize(
    ("gate", "n", "rate"),
    [
        (gate_by_point_estimate, 500, 0.54),
        (gate_by_point_estimate, 1283, 0.49),
        (gate_by_no_significant_difference, 500, 0.62),
        (gate_by_no_significant_difference, 1283, 0.19),
    ],
)
def test_a_naive_gate_is_beyond_the_tolerance(gate: Gate, n: int, rate: float) -> None:
    found = promotion_rate(gate, n, 0.06, -MARGIN)
    assert found > 2 * SIZE_NEAR_THE_MARGIN
    assert found == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize(("disagreement", "least"), [(0.03, 0.86), (0.06, 0.89), (0.1, 0.89)])
def test_the_planned_rows_give_about_the_planned_power(disagreement: float, least: float) -> None:
    n = rows_needed(disagreement, MARGIN, ALPHA, POWER)
    assert least <= promotion_rate(gate_by_tango, n, disagreement, 0.0) <= 0.91
