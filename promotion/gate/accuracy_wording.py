"""How the findings on a classifier are said, and the numbers behind them."""

from promotion.gate.comparison import Comparison
from promotion.gate.findings import Wording


def _shown(one: Comparison) -> str:
    return (
        f"the canary is not worse by more than {one.margin:g}: the lower bound of the difference is "
        f"{one.lower_bound:.4f} (Z = {one.z:.2f}, at least {one.critical_z:.2f} is needed)"
    )


def _within_margin(one: Comparison) -> str:
    return (
        f"the canary is worse by about {_points(one)} (p = {one.harm_p_value:.2g}), within the margin of {one.margin:g}"
    )


def _harm(one: Comparison) -> str:
    return (
        f"the canary is worse by about {_points(one)}: of {one.n} rows it loses {one.b} that stable has right "
        f"and gains {one.c} (p = {one.harm_p_value:.2g})"
    )


def _too_few(one: Comparison) -> str:
    planned = f", about {one.rows_needed} {_disagreement(one)}" if one.rows_needed > one.row_floor else ""
    return f"{one.n} rows cannot show a margin of {one.margin:g}; at least {one.row_floor} are needed{planned}"


def _not_shown(one: Comparison) -> str:
    found = f"{one.n} rows do not show a margin of {one.margin:g}: the lower bound is {one.lower_bound:.4f}"
    if one.rows_needed > one.n:
        return f"{found}; about {one.rows_needed} are needed {_disagreement(one)}"
    return f"{found}; about {one.rows_needed} are enough {_disagreement(one)} where a canary is as good as stable"


def _disagreement(one: Comparison) -> str:
    return f"for the disagreement seen ({100 * (one.b + one.c) / one.n:.3g} %)"


def _points(one: Comparison) -> str:
    return f"{-100 * one.difference:.2g} points"


def _numbers(one: Comparison) -> dict[str, int | float | str]:
    return {
        "n": one.n,
        "b": one.b,
        "c": one.c,
        "difference": one.difference,
        "margin": one.margin,
        "z": one.z,
        "critical_z": one.critical_z,
        "lower_bound": one.lower_bound,
        "harm_p_value": one.harm_p_value,
        "row_floor": one.row_floor,
        "rows_needed": one.rows_needed,
    }


ACCURACY_WORDING: Wording[Comparison] = Wording(
    shown=_shown,
    within_margin=_within_margin,
    harm=_harm,
    too_few=_too_few,
    not_shown=_not_shown,
    numbers=_numbers,
)
