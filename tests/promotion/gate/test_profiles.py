"""What the profiles cost: docs/gate.md says it in numbers, and they are these."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaln, xlogy
from scipy.stats import binom, norm

from promotion.gate.policy import GatePolicy
from promotion.gate.profiles import PROFILES
from promotion.statistics.exact_rates import promotion_rate, rows_for_power
from promotion.statistics.row_floor import row_floor
from promotion.statistics.tango import tango_z_values

DISAGREEMENT = 0.06
DOCS = Path(__file__).parents[3] / "docs" / "gate.md"


@dataclass(frozen=True)
class Rates:
    promoted: float
    rejected: float


def rates(policy: GatePolicy, n: int, disagreement: float, difference: float) -> Rates:
    """How all rows together are judged, by the table of findings.py, summed over every likely (b, c)."""
    lost, gained = (disagreement - difference) / 2, (disagreement + difference) / 2
    most = [int(binom.isf(1e-10, n, share)) + 1 for share in (lost, gained)]
    b, c = np.meshgrid(*(np.arange(one + 1) for one in most), indexing="ij")
    same = n - b - c
    chances = np.exp(
        gammaln(n + 1)
        - sum(gammaln(count + 1) for count in (b, c, same))
        + xlogy(b, lost)
        + xlogy(c, gained)
        + xlogy(same, 1 - lost - gained)
    )
    is_shown = tango_z_values(b, c, n, policy.margin) >= norm.isf(policy.alpha)
    is_harmed = binom.sf(b - 1, b + c, 0.5) <= policy.alpha
    is_rejected = is_harmed if policy.harm_goes_first else is_harmed & ~is_shown
    return Rates(float(chances[is_shown & ~is_rejected].sum()), float(chances[is_rejected].sum()))


def table_row(name: str) -> str:
    policy = PROFILES[name]
    rows = {share: rows_for_power(share, policy.margin, policy.alpha, policy.power) for share in (0.02, 0.06, 0.15)}
    n = rows[DISAGREEMENT]
    equal, point_worse = (rates(policy, n, DISAGREEMENT, difference) for difference in (0.0, -0.01))
    cells = [
        f"`{name}`",
        f"{100 * policy.margin:g} / {100 * policy.class_margin:g}",
        f"{policy.alpha:g} / {policy.power:g}",
        f"{row_floor(policy.margin, policy.alpha)} / {row_floor(policy.class_margin, policy.alpha)}",
        " / ".join(str(one) for one in rows.values()),
        f"{rates(policy, n, DISAGREEMENT, -policy.margin).promoted:.1%}",
        f"{equal.promoted:.1%} / {equal.rejected:.1%}",
        f"{point_worse.promoted:.1%} / {point_worse.rejected:.1%}",
        f"{rates(policy, n, 0.1, -0.05).rejected:.1%}",
    ]
    return f"| {' | '.join(cells)} |".replace("%", " %")


@pytest.mark.parametrize("name", PROFILES)
def test_the_documented_numbers_are_current(name: str) -> None:
    assert table_row(name) in DOCS.read_text()


def test_the_sum_over_outcomes_is_the_exact_rate() -> None:
    assert rates(GatePolicy(), 500, 0.06, -0.02).promoted == pytest.approx(promotion_rate(500, 0.06, -0.02, 0.02, 0.05))


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_keeps_what_it_says(name: str) -> None:
    policy = PROFILES[name]
    n = rows_for_power(DISAGREEMENT, policy.margin, policy.alpha, policy.power)
    assert rates(policy, n, DISAGREEMENT, -policy.margin).promoted <= 1.1 * policy.alpha
    assert rates(policy, n, DISAGREEMENT, 0.0).rejected <= policy.alpha
