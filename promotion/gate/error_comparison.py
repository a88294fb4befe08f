"""Regression models: what the tests say of paired absolute errors, on all rows or those of a group of a slice.

The margin is a share of stable's mean error. The row floor is that of classifiers at the same share, because with fewer
rows a fault that hits a share `margin` of them is too often not seen at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from math import isfinite

import numpy as np

from promotion.gate.evidence import PairedErrors, SliceGroup
from promotion.gate.policy import GatePolicy
from promotion.statistics.holm import holm_rejections
from promotion.statistics.paired_errors import (
    error_growth,
    error_growth_bounds,
    error_rows_needed,
    harm_of_errors,
)
from promotion.statistics.row_floor import row_floor

SEED = 20261121  # of the bootstrap: the same errors give the same verdict
FEWEST_ROWS = 2  # one row has no spread to test by


@dataclass(frozen=True, slots=True)
class ErrorComparison:
    """Canary against stable by mean absolute errors. Growth, bounds and margin are shares of stable's error."""

    name: str
    """`all`, or the name of a group of a slice."""
    n: int
    stable_error: float
    """In the unit of the label, as the canary's."""
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
    rows_needed: int | None
    """Rows that show the margin for an equal canary, about; at least the floor. None where stable has no error."""
    is_assessable: bool
    is_not_worse: bool
    is_harmed: bool
    """Shown to err more at all; among groups after Holm's correction."""

    @property
    def bound(self) -> float | None:
        """The more careful one of the two."""
        if self.bound_by_t is None or self.bound_by_bootstrap is None:
            return None
        return max(self.bound_by_t, self.bound_by_bootstrap)


def compare_errors(errors: PairedErrors, policy: GatePolicy) -> ErrorComparison:
    """Compare on all rows, at least two. Raises ValueError for what are no paired absolute errors."""
    p_value = harm_of_errors(np.array(errors.stable), np.array(errors.canary))
    return _compare("all", errors, policy.growth_margin, policy, p_value, is_harmed=p_value <= policy.look_alpha)


def compare_error_groups(
    errors: PairedErrors, policy: GatePolicy, groups: Sequence[SliceGroup]
) -> tuple[ErrorComparison, ...]:
    """Compare within each group that has two rows or more, in the order given; Holm's family is all of them."""
    parts = [
        (
            group.name,
            PairedErrors(tuple(compress(errors.stable, group.rows)), tuple(compress(errors.canary, group.rows))),
        )
        for group in groups
    ]
    parts = [(name, part) for name, part in parts if len(part.stable) >= FEWEST_ROWS]
    p_values = [harm_of_errors(np.array(part.stable), np.array(part.canary)) for _, part in parts]
    rejections = holm_rejections(p_values, policy.look_alpha)
    return tuple(
        _compare(name, part, policy.slice_growth_margin, policy, p_value, is_harmed=is_harmed)
        for (name, part), p_value, is_harmed in zip(parts, p_values, rejections, strict=True)
    )


def _compare(
    name: str, errors: PairedErrors, margin: float, policy: GatePolicy, p_value: float, *, is_harmed: bool
) -> ErrorComparison:
    stable, canary = np.array(errors.stable, dtype=np.float64), np.array(errors.canary, dtype=np.float64)
    bounds = error_growth_bounds(stable, canary, policy.look_alpha, seed=SEED)
    floor = row_floor(margin, policy.look_alpha)
    rows = error_rows_needed(stable, canary, margin, policy.look_alpha, policy.power)
    is_assessable = len(stable) >= floor
    return ErrorComparison(
        name=name,
        n=len(stable),
        stable_error=float(stable.mean()),
        canary_error=float(canary.mean()),
        growth=_finite(error_growth(stable, canary)),
        margin=margin,
        bound_by_t=_finite(bounds.by_t),
        bound_by_bootstrap=_finite(bounds.by_bootstrap),
        harm_p_value=p_value,
        row_floor=floor,
        rows_needed=None if rows is None else max(floor, rows),
        is_assessable=is_assessable,
        is_not_worse=is_assessable and bounds.larger <= margin,
        is_harmed=is_harmed,
    )


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None
