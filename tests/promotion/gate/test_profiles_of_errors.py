"""What the profiles cost a regression model: docs/gate.md says it in numbers, and they are these.

For differences of the paired errors that are normal, whose standard deviation is a share of stable's mean error, and
with that mean taken as known: then the bound of the growth and harm are two t tests of the same mean.
"""

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2, nct, norm, t

from promotion.gate.evidence import PairedErrors
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.profiles import PROFILES
from promotion.gate.verdict import decide_by_errors
from promotion.statistics.row_floor import row_floor

SPREAD = 0.5
DOCS = Path(__file__).parents[3] / "docs" / "gate.md"


@dataclass(frozen=True)
class Rates:
    promoted: float
    rejected: float


def rates(policy: GatePolicy, n: int, growth: float, spread: float = SPREAD) -> Rates:
    """How all rows together are judged where the canary's mean error is larger by the share `growth`."""
    needed = t.isf(policy.alpha, n - 1)
    quantiles = (np.arange(4000) + 0.5) / 4000
    deviation = spread * np.sqrt(chi2.ppf(quantiles, n - 1) / (n - 1)) / np.sqrt(n)
    mean = norm(growth, spread / np.sqrt(n))
    shown_below, harmed_above = policy.growth_margin - needed * deviation, needed * deviation
    if policy.harm_goes_first:
        return Rates(mean.cdf(np.minimum(shown_below, harmed_above)).mean(), mean.sf(harmed_above).mean())
    return Rates(mean.cdf(shown_below).mean(), mean.sf(np.maximum(shown_below, harmed_above)).mean())


def rows_for_power(policy: GatePolicy, spread: float) -> int:
    """The fewest rows, above the floor, that promote an equal canary with the policy's power, harm left aside."""

    def power(n: int) -> float:
        return float(nct.cdf(-t.isf(policy.alpha, n - 1), n - 1, -policy.growth_margin * np.sqrt(n) / spread))

    floor = row_floor(policy.growth_margin, policy.alpha)
    return bisect_left(range(100_000), policy.power, lo=floor, key=power)


def table_row(name: str) -> str:
    policy = PROFILES[name]
    rows = {spread: rows_for_power(policy, spread) for spread in (0.25, 0.5, 1.0)}
    n, margin = rows[SPREAD], policy.growth_margin
    at_margin, equal, half, double = (rates(policy, n, share * margin) for share in (1.0, 0.0, 0.5, 2.0))
    cells = [
        f"`{name}`",
        f"{100 * margin:g} / {100 * policy.slice_growth_margin:g}",
        f"{row_floor(margin, policy.alpha)}",
        " / ".join(str(one) for one in rows.values()),
        f"{at_margin.promoted:.1%}",
        f"{equal.promoted:.1%} / {equal.rejected:.1%}",
        f"{half.promoted:.1%} / {half.rejected:.1%}",
        f"{double.rejected:.1%}",
    ]
    return f"| {' | '.join(cells)} |".replace("%", " %")


@pytest.mark.parametrize("name", PROFILES)
def test_the_documented_numbers_are_current(name: str) -> None:
    assert table_row(name) in DOCS.read_text()


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_keeps_what_it_says(name: str) -> None:
    policy = PROFILES[name]
    n = rows_for_power(policy, SPREAD)
    assert rates(policy, n, policy.growth_margin).promoted <= policy.alpha * 1.001
    assert rates(policy, n, 0.0).rejected <= policy.alpha * 1.001


def test_the_gate_itself_promotes_as_often_as_that() -> None:
    """Fifty verdicts of `exploratory` on normal differences, of canaries that are worse by half the margin."""
    policy, rng = PROFILES["exploratory"], np.random.default_rng(20261130)
    n = rows_for_power(policy, 0.25)
    found = 0
    for _ in range(50):
        stable = rng.normal(10.0, 0.1, n)
        canary = stable * (1 + policy.growth_margin / 2) + rng.normal(0.0, 0.25 * 10.0, n)
        found += decide_by_errors(PairedErrors(tuple(stable), tuple(canary)), policy).outcome is Outcome.PROMOTE
    expected = rates(policy, n, policy.growth_margin / 2, 0.25).promoted
    assert abs(found / 50 - expected) < 4 * np.sqrt(expected * (1 - expected) / 50)
