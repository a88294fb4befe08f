"""The plan of rows: what its numbers are, and how it is told."""

from pathlib import Path

import pytest

from promotion.gate.policy import GatePolicy
from promotion.gate.row_plan import COMMON_DISAGREEMENTS, describe_plans, plan_rows
from promotion.statistics.exact_rates import promotion_rate, rows_for_power
from promotion.statistics.flat_rule import FlatRule

TOLD = """\
to show a margin of 0.02 at alpha 0.05; below 149 rows nothing is promoted

disagreement    rows    power  false promotion  over time, at most
        2.0%     530    90.5%             4.6%                 607
        6.0%    1325    90.0%             4.9%                1521
"""


def test_a_plan_gives_the_fewest_rows_with_their_exact_rates() -> None:
    plan = plan_rows(GatePolicy(power=0.8), 0.06)
    assert plan.rows == rows_for_power(0.06, 0.02, 0.05, 0.8)
    assert plan.power == promotion_rate(plan.rows, 0.06, 0.0, 0.02, 0.05)
    assert plan.false_promotion == promotion_rate(plan.rows, 0.06, -0.02, 0.02, 0.05)
    assert plan.horizon == FlatRule.planned(margin=0.02, alpha=0.05, power=0.8, disagreement=0.06).horizon


def test_rows_that_there_are_have_a_power() -> None:
    assert plan_rows(GatePolicy(), 0.06, rows=800).power == pytest.approx(0.735, abs=0.001)
    assert plan_rows(GatePolicy(), 0.06, rows=148).power == 0.0


def test_a_canary_at_the_margin_is_disagreed_with_on_the_margin_at_least() -> None:
    plan = plan_rows(GatePolicy(), 0.01)
    assert plan.false_promotion == promotion_rate(plan.rows, 0.02, -0.02, 0.02, 0.05)


def test_plans_are_told_as_a_table() -> None:
    policy = GatePolicy()
    told = describe_plans(policy, [plan_rows(policy, share) for share in (0.02, 0.06)])
    assert "\n".join(told).startswith(TOLD)


def test_the_documented_plan_is_current() -> None:
    told = describe_plans(GatePolicy(), [plan_rows(GatePolicy(), share) for share in COMMON_DISAGREEMENTS])
    assert "\n".join(told) in (Path(__file__).parents[3] / "docs" / "gate.md").read_text()
