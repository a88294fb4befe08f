"""Regression models: what the tests say of paired absolute errors, and the reasons that it gives.

The table is that of findings.py. The margin is the share by which the mean error may grow; the row floor is the same,
because with fewer rows a fault that hits a share `margin` of them is too often not seen at all.
"""

from dataclasses import asdict, dataclass
from math import isfinite

import numpy as np

from promotion.gate.evidence import PairedErrors
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import Reason, ReasonCode
from promotion.statistics.paired_errors import error_growth, error_growth_bounds, harm_of_errors
from promotion.statistics.row_floor import row_floor

SEED = 20261121  # of the bootstrap: the same errors give the same verdict


@dataclass(frozen=True, slots=True)
class ErrorComparison:
    """Canary against stable by mean absolute errors. Growth, bounds and margin are shares of stable's error."""

    n: int
    stable_error: float
    canary_error: float
    growth: float | None
    """Of the mean error; None where stable has no error and the canary has."""
    margin: float
    bound_by_t: float | None
    """One-sided upper bound of the growth, at alpha; None where no margin can be shown."""
    bound_by_bootstrap: float | None
    """The same by another way; both have to lie within the margin."""
    harm_p_value: float
    row_floor: int
    is_assessable: bool
    is_not_worse: bool
    is_harmed: bool


def compare_errors(errors: PairedErrors, policy: GatePolicy) -> ErrorComparison:
    """Compare on at least two rows. Raises ValueError for what are no paired absolute errors."""
    stable, canary = np.array(errors.stable, dtype=np.float64), np.array(errors.canary, dtype=np.float64)
    bounds = error_growth_bounds(stable, canary, policy.alpha, seed=SEED)
    p_value = harm_of_errors(stable, canary)
    floor = row_floor(policy.margin, policy.alpha)
    return ErrorComparison(
        n=len(stable),
        stable_error=float(stable.mean()),
        canary_error=float(canary.mean()),
        growth=_finite(error_growth(stable, canary)),
        margin=policy.margin,
        bound_by_t=_finite(bounds.by_t),
        bound_by_bootstrap=_finite(bounds.by_bootstrap),
        harm_p_value=p_value,
        row_floor=floor,
        is_assessable=len(stable) >= floor,
        is_not_worse=len(stable) >= floor and bounds.larger <= policy.margin,
        is_harmed=p_value <= policy.alpha,
    )


def error_findings(one: ErrorComparison, policy: GatePolicy) -> tuple[Reason, ...]:
    """At least one; the strongest first."""
    bound = _larger_bound(one)
    grown = f"the canary's mean error is {one.canary_error:.4g}, stable's {one.stable_error:.4g}"
    if one.is_harmed and (policy.harm_goes_first or not one.is_not_worse):
        return (_reason(ReasonCode.HARM_SHOWN, one, f"{grown}: it is larger (p = {one.harm_p_value:.2g})"),)
    if one.is_not_worse:
        text = f"the canary's mean error grows by at most {bound}, the margin is {one.margin:.2%}"
        shown = _reason(ReasonCode.NOT_WORSE_SHOWN, one, text)
        within = f"{grown}: it is larger (p = {one.harm_p_value:.2g}), within the margin of {one.margin:.2%}"
        return (shown, _reason(ReasonCode.WORSE_WITHIN_MARGIN, one, within)) if one.is_harmed else (shown,)
    if one.is_assessable:
        text = f"{one.n} rows do not show a margin of {one.margin:.2%}: the mean error may grow by {bound}"
        return (_reason(ReasonCode.NOT_WORSE_NOT_SHOWN, one, text),)
    text = f"{one.n} rows cannot show a margin of {one.margin:.2%}; at least {one.row_floor} are needed"
    return (_reason(ReasonCode.TOO_FEW_ROWS, one, text),)


def _larger_bound(one: ErrorComparison) -> str:
    if one.bound_by_t is None or one.bound_by_bootstrap is None:
        return "any share"
    return f"{max(one.bound_by_t, one.bound_by_bootstrap):.2%}"


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _reason(code: ReasonCode, one: ErrorComparison, text: str) -> Reason:
    known = {name: value for name, value in asdict(one).items() if value is not None and not name.startswith("is_")}
    return Reason(code, text, known)
