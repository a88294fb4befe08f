"""From comparisons to reasons: which of them a set of numbers gives, and how it is said.

                     margin shown                                 margin not shown
    harm shown       NOT_WORSE_SHOWN and WORSE_WITHIN_MARGIN      HARM_SHOWN
    harm not shown   NOT_WORSE_SHOWN                              TOO_FEW_ROWS, NOT_WORSE_NOT_SHOWN

The margin is what the owner agreed to lose, and with many rows a loss inside it is significant, too: so what is shown
goes first. Below the row floor no margin is shown. NOT_WORSE_SHOWN is left out where something else withholds the
promotion. Classes and the groups of slices go by the same table, with codes of their own; of what is shown for them,
only being worse within the margin is a reason. Where the policy lets harm go first, harm shown is HARM_SHOWN whatever
else is shown. The table is one for classifiers and regression models; a Wording says what is found in their words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from promotion.gate.evidence import PairedAnswers, PairedCounts, SliceGroup
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import Reason, ReasonCode
from promotion.statistics.row_floor import row_floor
from promotion.statistics.wilson import wilson_bounds


class Compared(Protocol):
    """What the table needs to know of a comparison."""

    @property
    def name(self) -> str:
        """Of the rows that were compared."""

    @property
    def n(self) -> int:
        """Those rows."""

    @property
    def is_assessable(self) -> bool:
        """There are as many rows as the floor asks for."""

    @property
    def is_not_worse(self) -> bool:
        """Assessable, and shown not to be worse by more than the margin."""

    @property
    def is_harmed(self) -> bool:
        """Shown to be worse at all."""


C = TypeVar("C", bound=Compared)


@dataclass(frozen=True, slots=True)
class Wording(Generic[C]):
    """What is said of a comparison, by what was found."""

    shown: Callable[[C], str]
    within_margin: Callable[[C], str]
    harm: Callable[[C], str]
    too_few: Callable[[C], str]
    not_shown: Callable[[C], str]
    numbers: Callable[[C], Mapping[str, int | float | str]]
    """Behind all of these texts, by name."""


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


def overall_findings(overall: C, policy: GatePolicy, wording: Wording[C], *, rest_is_shown: bool) -> tuple[Reason, ...]:
    """Of all rows; `rest_is_shown` says that classes, slices and accuracy withhold nothing."""
    numbers = wording.numbers(overall)
    if overall.is_harmed and (policy.harm_goes_first or not overall.is_not_worse):
        return (Reason(ReasonCode.HARM_SHOWN, wording.harm(overall), numbers),)
    if overall.is_not_worse:
        shown = (Reason(ReasonCode.NOT_WORSE_SHOWN, wording.shown(overall), numbers),) if rest_is_shown else ()
        within = Reason(ReasonCode.WORSE_WITHIN_MARGIN, wording.within_margin(overall), numbers)
        return (*shown, within) if overall.is_harmed else shown
    if overall.is_assessable:
        return (Reason(ReasonCode.NOT_WORSE_NOT_SHOWN, wording.not_shown(overall), numbers),)
    return (Reason(ReasonCode.TOO_FEW_ROWS, wording.too_few(overall), numbers),)


def class_findings(
    classes: Sequence[C], answers: PairedAnswers, policy: GatePolicy, wording: Wording[C]
) -> tuple[Reason, ...]:
    """Of the classes that have rows, `classes`, and of those that should have them."""
    rows = dict.fromkeys((*answers.classes, *policy.required_classes), 0) | {one.name: one.n for one in classes}
    floor = _Floor(policy.class_margin, row_floor(policy.class_margin, policy.look_alpha))
    return _part_findings(_CLASS, classes, rows, policy.required_classes, floor, policy, wording)


def slice_findings(
    compared: Sequence[C], groups: Sequence[SliceGroup], policy: GatePolicy, margin: float, wording: Wording[C]
) -> tuple[Reason, ...]:
    """Of the groups that have rows to compare, `compared`, and of required slices that have no group at all."""
    required = [group.name for group in groups if group.slice in policy.required_slices]
    required += sorted(set(policy.required_slices) - {group.slice for group in groups})
    rows = dict.fromkeys(required, 0) | {group.name: sum(group.rows) for group in groups}
    floor = _Floor(margin, row_floor(margin, policy.look_alpha))
    return _part_findings(_SLICE, compared, rows, required, floor, policy, wording)


@dataclass(frozen=True, slots=True)
class _Floor:
    """Of every part of one kind."""

    margin: float
    rows: int


def _part_findings(
    codes: _PartCodes,
    parts: Sequence[C],
    rows: Mapping[str, int],
    required: Sequence[str],
    floor: _Floor,
    policy: GatePolicy,
    wording: Wording[C],
) -> tuple[Reason, ...]:
    found = [_part_finding(codes, one, policy, wording) for one in parts]
    harmed = {one.name for one in parts if one.is_harmed}
    few = {name: n for name, n in rows.items() if n < floor.rows and name not in harmed}
    few_required = {name: n for name, n in few.items() if name in required}
    few_others = {name: n for name, n in few.items() if name not in required}
    found.append(_not_assessable(codes.required_not_assessable, f"required {codes.kind}", few_required, floor))
    found.append(_not_assessable(codes.not_assessable, codes.kind, few_others, floor))
    return tuple(reason for reason in found if reason)


def accuracy_findings(counts: PairedCounts, policy: GatePolicy) -> tuple[Reason, ...]:
    """Of the canary's own accuracy against the minimum, where the policy has one."""
    minimum = policy.minimum_accuracy
    if minimum is None:
        return ()
    lower, upper = wilson_bounds(counts.canary_right, counts.n, policy.look_alpha)
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


def _part_finding(codes: _PartCodes, one: C, policy: GatePolicy, wording: Wording[C]) -> Reason | None:
    if one.is_harmed and (policy.harm_goes_first or not one.is_not_worse):
        return _part_reason(codes, codes.harm_shown, one, wording.harm(one), wording)
    if one.is_harmed:
        return _part_reason(codes, codes.worse_within_margin, one, wording.within_margin(one), wording)
    if one.is_assessable and not one.is_not_worse:
        return _part_reason(codes, codes.not_worse_not_shown, one, wording.not_shown(one), wording)
    return None


def _part_reason(codes: _PartCodes, code: ReasonCode, one: C, text: str, wording: Wording[C]) -> Reason:
    return Reason(code, f"{codes.kind} {one.name}: {text}", {codes.kind: one.name, **wording.numbers(one)})


def _not_assessable(code: ReasonCode, kind: str, rows: Mapping[str, int], floor: _Floor) -> Reason | None:
    if not rows:
        return None
    named = ", ".join(f"{kind} {name} ({n})" for name, n in rows.items())
    plural = "classes" if kind.endswith("class") else "slices"
    numbers: dict[str, int | float | str] = {plural: ", ".join(rows), "margin": floor.margin, "row_floor": floor.rows}
    text = f"too few rows to show a margin of {floor.margin:g}, which takes at least {floor.rows}: {named}"
    return Reason(code, text, numbers)
