"""How many labelled rows a gate needs, before anybody collects them: exact rates, a line a disagreement."""

from collections.abc import Sequence
from dataclasses import dataclass

from promotion.gate.policy import GatePolicy
from promotion.statistics.exact_rates import promotion_rate, rows_for_power
from promotion.statistics.flat_rule import FlatRule
from promotion.statistics.row_floor import row_floor

COMMON_DISAGREEMENTS = (0.01, 0.02, 0.04, 0.06, 0.1, 0.15, 0.2)


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What `rows` rows do at one disagreement; all rates are exact, for the test on all rows."""

    disagreement: float
    """Share of rows that one revision alone has right."""
    row_floor: int
    """Fewest rows that anything is promoted on."""
    rows: int
    """As asked for, or the fewest that reach the power."""
    power: float
    """Probability that they promote a canary that is as good as stable."""
    false_promotion: float
    """Probability that they promote one that is worse by the whole margin."""
    horizon: int
    """Most rows of the flat rule, for labels that come over time and for the power of the policy."""


def plan_rows(policy: GatePolicy, disagreement: float, rows: int | None = None) -> RowPlan:
    """The plan for all rows under `policy`, for its power or for a given number of rows.

    A canary that is worse by the margin is disagreed with on a share `margin` of the rows at least, and false_promotion
    is that of such a canary. Raises ValueError unless disagreement is in 0..1 and rows above 0.
    """
    margin, alpha = policy.margin, policy.look_alpha
    if rows is None:
        rows = rows_for_power(disagreement, margin, alpha, policy.power)
    rule = FlatRule.planned(margin=margin, alpha=alpha, power=policy.power, disagreement=disagreement)
    return RowPlan(
        disagreement=disagreement,
        row_floor=row_floor(margin, alpha),
        rows=rows,
        power=promotion_rate(rows, disagreement, 0.0, margin, alpha),
        false_promotion=promotion_rate(rows, max(disagreement, margin), -margin, margin, alpha),
        horizon=rule.horizon,
    )


def describe_plans(policy: GatePolicy, plans: Sequence[RowPlan]) -> tuple[str, ...]:
    """Lines for a terminal, without line ends. At least one plan."""
    shared = f" (each of {policy.looks} looks)" if policy.looks > 1 else ""
    shown = f"to show a margin of {policy.margin:g} at alpha {policy.look_alpha:g}{shared}"
    lines = [
        f"{shown}; below {plans[0].row_floor} rows nothing is promoted",
        "",
        "disagreement    rows    power  false promotion  over time, at most",
    ]
    lines += [
        f"{one.disagreement:>12.1%}  {one.rows:>6}  {one.power:>7.1%}  {one.false_promotion:>15.1%}  {one.horizon:>18}"
        for one in plans
    ]
    return (*lines, "", *_LEGEND)


_LEGEND = (
    "disagreement: rows that one revision alone has right; power: a canary as good as stable is promoted;",
    "false promotion: one that is worse by the whole margin is promoted; both are exact, for all rows together.",
    "Each class and slice that is judged has to show its own margin and lowers the power.",
)
