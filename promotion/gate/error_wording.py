"""How the findings on a regression model are said, and the numbers behind them."""

from dataclasses import asdict

from promotion.gate.error_comparison import ErrorComparison
from promotion.gate.findings import Wording


def _shown(one: ErrorComparison) -> str:
    margin = f"the margin is {one.margin:.2%} of stable's {one.stable_error:.4g}"
    if one.bound is not None and one.bound < 0:
        return f"the canary's mean error is smaller by at least {-one.bound:.2%}, {margin}"
    return f"the canary's mean error grows by at most {_bound(one)}, {margin}"


def _within_margin(one: ErrorComparison) -> str:
    return f"{_means(one)}: it is larger (p = {one.harm_p_value:.2g}), within the margin of {one.margin:.2%}"


def _harm(one: ErrorComparison) -> str:
    return f"{_means(one)}: it is larger (p = {one.harm_p_value:.2g})"


def _too_few(one: ErrorComparison) -> str:
    text = f"{one.n} rows cannot show a margin of {one.margin:.2%}; at least {one.row_floor} are needed"
    planned = one.rows_needed is not None and one.rows_needed > one.row_floor
    return f"{text}, about {one.rows_needed} for the spread seen" if planned else text


def _not_shown(one: ErrorComparison) -> str:
    text = f"{one.n} rows do not show a margin of {one.margin:.2%}: the mean error may grow by {_bound(one)}"
    if one.rows_needed is None:
        return f"{text}; stable errs in no row, and of no error there is no share"
    if one.rows_needed > one.n:
        return f"{text}; about {one.rows_needed} are needed for the spread seen"
    return f"{text}; about {one.rows_needed} are enough for the spread seen where a canary is as good as stable"


def _means(one: ErrorComparison) -> str:
    return f"the canary's mean error is {one.canary_error:.4g}, stable's {one.stable_error:.4g}"


def _bound(one: ErrorComparison) -> str:
    return "any share" if one.bound is None else f"{one.bound:.2%}"


def _numbers(one: ErrorComparison) -> dict[str, int | float | str]:
    left_out = {"name", "is_assessable", "is_not_worse", "is_harmed"}
    return {name: value for name, value in asdict(one).items() if value is not None and name not in left_out}


ERROR_WORDING: Wording[ErrorComparison] = Wording(
    shown=_shown,
    within_margin=_within_margin,
    harm=_harm,
    too_few=_too_few,
    not_shown=_not_shown,
    numbers=_numbers,
)
