"""From comparisons to reasons: which of them a set of numbers gives, and how it is said.

                     margin shown                                 margin not shown
    harm shown       NOT_WORSE_SHOWN and WORSE_WITHIN_MARGIN      HARM_SHOWN
    harm not shown   NOT_WORSE_SHOWN                              TOO_FEW_ROWS, NOT_WORSE_NOT_SHOWN

The margin is what the owner agreed to lose, and with many rows a loss inside it is significant, too: so what is shown
goes first. Below the row floor no margin is shown. NOT_WORSE_SHOWN is left out where something else withholds the
promotion. Classes and the groups of slices go by the same table, with codes of their own; of what is shown for them,
only being worse within the margin is a reason. Where the policy lets harm go first, harm shown is HARM_SHOWN whatever
else is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from promotion.gate.comparison import Comparison
from promotion.gate.evidence import PairedAnswers, PairedCounts, SliceGroup
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import Reason, ReasonCode
from promotion.statistics.row_floor import row_floor
from promotion.statistics.wilson import wilson_bounds


def no_evidence(margin: float, floor: int, n: int = 0) -> Reason:
    """Of no rows, or too few for any test, where `floor` rows are the least that can show the margin."""
    text = f"there {'is 1 row' if n else 'are no rows'}; at least {floor} are needed to show a margin of {margin:g}"
    return Reason(ReasonCode.NO_EVIDENCE, text, {"n": n, "margin": margin, "row_floor": floor})


@dataclass(frozen=True, slots=True)
class _PartCodes:
    """What is said of one kind of part."""

    kind: str
    harm_shown: ReasonCode
    worse_within_margin: ReasonCode
    not_worse_not_shown: ReasonCode
    not_assessable: ReasonCode
    required_not_assessable: ReasonCode


_CLASS = _PartCodes(
    "class",
    ReasonCode.CLASS_HARM_SHOWN,
    ReasonCode.CLASS_WORSE_WITHIN_MARGIN,
    ReasonCode.CLASS_NOT_WORSE_NOT_SHOWN,
    ReasonCode.CLASS_NOT_ASSESSABLE,
    ReasonCode.REQUIRED_CLASS_NOT_ASSESSABLE,
)
_SLICE = _PartCodes(
    "slice",
    ReasonCode.SLICE_HARM_SHOWN,
    ReasonCode.SLICE_WORSE_WITHIN_MARGIN,
    ReasonCode.SLICE_NOT_WORSE_NOT_SHOWN,
    ReasonCode.SLICE_NOT_ASSESSABLE,
    ReasonCode.REQUIRED_SLICE_NOT_ASSESSABLE,
)


def overall_findings(overall: Comparison, policy: GatePolicy, *, rest_is_shown: bool) -> tuple[Reason, ...]:
    """Of all rows; `rest_is_shown` says that classes, slices and accuracy withhold nothing."""
    if overall.is_harmed and (policy.harm_goes_first or not overall.is_not_worse):
        return (_reason(ReasonCode.HARM_SHOWN, overall, _harm(overall)),)
    if overall.is_not_worse:
        shown = (_reason(ReasonCode.NOT_WORSE_SHOWN, overall, _shown(overall)),) if rest_is_shown else ()
        within = _reason(ReasonCode.WORSE_WITHIN_MARGIN, overall, _within_margin(overall))
        return (*shown, within) if overall.is_harmed else shown
    if overall.is_assessable:
        return (_reason(ReasonCode.NOT_WORSE_NOT_SHOWN, overall, _not_shown(overall)),)
    return (_reason(ReasonCode.TOO_FEW_ROWS, overall, _too_few(overall)),)


def class_findings(classes: Sequence[Comparison], answers: PairedAnswers, policy: GatePolicy) -> tuple[Reason, ...]:
    """Of the classes that have rows, `classes`, and of those that should have them."""
    expected = (*answers.classes, *policy.required_classes)
    return _part_findings(_CLASS, classes, expected, policy.required_classes, policy)


def slice_findings(
    compared: Sequence[Comparison], groups: Sequence[SliceGroup], policy: GatePolicy
) -> tuple[Reason, ...]:
    """Of the groups that have rows, `compared`, and of required slices that have no group at all."""
    required = [group.name for group in groups if group.slice in policy.required_slices]
    required += sorted(set(policy.required_slices) - {group.slice for group in groups})
    expected = (*(group.name for group in groups), *required)
    return _part_findings(_SLICE, compared, expected, required, policy)


def _part_findings(
    codes: _PartCodes, parts: Sequence[Comparison], expected: Sequence[str], required: Sequence[str], policy: GatePolicy
) -> tuple[Reason, ...]:
    found = [_part_finding(codes, comparison, policy) for comparison in parts]
    rows = dict.fromkeys(expected, 0) | {comparison.name: comparison.n for comparison in parts}
    harmed = {comparison.name for comparison in parts if comparison.is_harmed}
    floor = row_floor(policy.class_margin, policy.alpha)
    few = {name: n for name, n in rows.items() if n < floor and name not in harmed}
    few_required = {name: n for name, n in few.items() if name in required}
    few_others = {name: n for name, n in few.items() if name not in required}
    found.append(_not_assessable(codes.required_not_assessable, f"required {codes.kind}", few_required, policy))
    found.append(_not_assessable(codes.not_assessable, codes.kind, few_others, policy))
    return tuple(reason for reason in found if reason)


def accuracy_findings(counts: PairedCounts, policy: GatePolicy) -> tuple[Reason, ...]:
    """Of the canary's own accuracy against the minimum, where the policy has one."""
    minimum = policy.minimum_accuracy
    if minimum is None:
        return ()
    lower, upper = wilson_bounds(counts.canary_right, counts.n, policy.alpha)
    if lower >= minimum:
        return ()
    accuracy = counts.canary_right / counts.n
    numbers = {"accuracy": accuracy, "lower_bound": lower, "upper_bound": upper, "minimum_accuracy": minimum}
    between = f"it is {accuracy:.4f}, between {lower:.4f} and {upper:.4f}"
    if upper < minimum:
        text = f"the canary's accuracy is below the minimum of {minimum:g}: {between}"
        return (Reason(ReasonCode.BELOW_ACCURACY_FLOOR, text, numbers),)
    text = f"the canary's accuracy is not shown to reach the minimum of {minimum:g}: {between}"
    return (Reason(ReasonCode.ACCURACY_FLOOR_NOT_SHOWN, text, numbers),)


def _part_finding(codes: _PartCodes, one: Comparison, policy: GatePolicy) -> Reason | None:
    if one.is_harmed and (policy.harm_goes_first or not one.is_not_worse):
        return _part_reason(codes, codes.harm_shown, one, _harm(one))
    if one.is_harmed:
        return _part_reason(codes, codes.worse_within_margin, one, _within_margin(one))
    if one.is_assessable and not one.is_not_worse:
        return _part_reason(codes, codes.not_worse_not_shown, one, _not_shown(one))
    return None


def _not_assessable(code: ReasonCode, kind: str, rows: Mapping[str, int], policy: GatePolicy) -> Reason | None:
    if not rows:
        return None
    margin, floor = policy.class_margin, row_floor(policy.class_margin, policy.alpha)
    named = ", ".join(f"{kind} {name} ({n})" for name, n in rows.items())
    plural = "classes" if kind.endswith("class") else "slices"
    numbers: dict[str, int | float | str] = {plural: ", ".join(rows), "margin": margin, "row_floor": floor}
    return Reason(code, f"too few rows to show a margin of {margin:g}, which takes at least {floor}: {named}", numbers)


def _part_reason(codes: _PartCodes, code: ReasonCode, one: Comparison, text: str) -> Reason:
    reason = _reason(code, one, f"{codes.kind} {one.name}: {text}")
    return replace(reason, numbers={codes.kind: one.name, **reason.numbers})


def _reason(code: ReasonCode, one: Comparison, text: str) -> Reason:
    numbers = {
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
    return Reason(code, text, numbers)


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
