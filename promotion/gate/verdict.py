"""The verdict: one outcome, and every reason that it has.

Each reason argues for one outcome, and the strongest outcome that any reason argues for is the verdict. So a canary is
promoted only where nothing argues against it, and to see why a verdict is what it is, it is enough to read its reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from promotion.gate.accuracy_wording import ACCURACY_WORDING
from promotion.gate.comparison import Comparison, compare_overall, compare_parts
from promotion.gate.error_comparison import FEWEST_ROWS, ErrorComparison, compare_error_groups, compare_errors
from promotion.gate.error_wording import ERROR_WORDING
from promotion.gate.evidence import PairedAnswers, PairedErrors, SliceGroup, count_pairs
from promotion.gate.findings import (
    C,
    Wording,
    accuracy_findings,
    class_findings,
    no_evidence,
    overall_findings,
    slice_findings,
)
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import Reason, ReasonCode
from promotion.statistics.row_floor import row_floor


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence says under a policy."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    """At least one; the strongest first."""
    overall: Comparison | None = None
    """On all rows; None where there are none."""
    classes: tuple[Comparison, ...] = ()
    """Within each class that has rows, where the policy has classes judged."""
    slices: tuple[Comparison, ...] = ()
    """Within each group of the policy's slices that has rows."""
    errors: ErrorComparison | None = None
    """Of a regression model, on all rows, in place of the comparisons above."""
    error_slices: tuple[ErrorComparison, ...] = ()
    """Of a regression model, within each group of the policy's slices that has two rows or more."""
    rows_needed: int | None = None
    """Rows of the whole data set that would decide, about; None where the verdict stands, or more rows rarely help."""

    @property
    def headline(self) -> str:
        """The strongest reason, in a line."""
        return self.reasons[0].text


def decide(answers: PairedAnswers, policy: GatePolicy, groups: Sequence[SliceGroup] = ()) -> Verdict:
    """The verdict on a canary by its answers to labelled rows: PROMOTE, REJECT or INCONCLUSIVE. Pure.

    `groups` are those of the policy's slices; raises ValueError where they are not of the same rows.
    The tests and their sources are in promotion/statistics, the table from numbers to reasons in findings.py.
    """
    counts = count_pairs(answers)
    if counts.n == 0:
        floor = row_floor(policy.margin, policy.look_alpha)
        return Verdict(Outcome.INCONCLUSIVE, (no_evidence(policy.margin, floor),), rows_needed=floor)
    overall = compare_overall(counts, policy)
    parts = compare_parts(answers, policy, groups)
    rest = (
        *slice_findings(parts.groups, groups, policy, policy.class_margin, ACCURACY_WORDING),
        *accuracy_findings(counts, policy),
    )
    if policy.classes_are_judged:
        rest = (*class_findings(parts.classes, answers, policy, ACCURACY_WORDING), *rest)
    reasons = _with_those_of_all_rows(overall, rest, policy, ACCURACY_WORDING)
    outcome = _ARGUES_FOR[reasons[0].code]
    required = {*policy.required_classes, *_required_groups(groups, policy)}
    judged = [overall, *(one for one in (*parts.classes, *parts.groups) if one.is_assessable or one.name in required)]
    rows = _rows_to_decide(overall.n, judged) if outcome is Outcome.INCONCLUSIVE else None
    return Verdict(outcome, reasons, overall, parts.classes, parts.groups, rows_needed=rows)


def decide_by_errors(errors: PairedErrors, policy: GatePolicy, groups: Sequence[SliceGroup] = ()) -> Verdict:
    """The verdict on a regression model by its absolute errors on labelled rows, beside stable's. Pure.

    Margins are shares of stable's mean error. Classes and the minimum accuracy are settings of classifiers and take no
    part: whoever has an edge refuses them there. `groups` as for `decide`.
    """
    n = len(errors.stable)
    floor = row_floor(policy.growth_margin, policy.look_alpha)
    if n < FEWEST_ROWS:
        return Verdict(Outcome.INCONCLUSIVE, (no_evidence(policy.growth_margin, floor, n),), rows_needed=floor)
    overall, parts = compare_errors(errors, policy), compare_error_groups(errors, policy, groups)
    rest = slice_findings(parts, groups, policy, policy.slice_growth_margin, ERROR_WORDING)
    reasons = _with_those_of_all_rows(overall, rest, policy, ERROR_WORDING)
    outcome = _ARGUES_FOR[reasons[0].code]
    required = _required_groups(groups, policy)
    judged = [overall, *(one for one in parts if one.is_assessable or one.name in required)]
    rows = _rows_to_decide(n, judged) if outcome is Outcome.INCONCLUSIVE else None
    return Verdict(outcome, reasons, errors=overall, error_slices=parts, rows_needed=rows)


def _with_those_of_all_rows(
    overall: C, rest: Sequence[Reason], policy: GatePolicy, wording: Wording[C]
) -> tuple[Reason, ...]:
    """All reasons, the strongest first."""
    rest_is_shown = all(_ARGUES_FOR[reason.code] is Outcome.PROMOTE for reason in rest)
    found = (*overall_findings(overall, policy, wording, rest_is_shown=rest_is_shown), *rest)
    return tuple(sorted(found, key=_strength, reverse=True))


def _required_groups(groups: Sequence[SliceGroup], policy: GatePolicy) -> set[str]:
    return {group.name for group in groups if group.slice in policy.required_slices}


def error_verdict(code: ReasonCode, text: str) -> Verdict:
    """The verdict where evidence could not be gathered. Raises ValueError for a code that does not argue for ERROR."""
    if _ARGUES_FOR[code] is not Outcome.ERROR:
        raise ValueError(f"{code} argues for {_ARGUES_FOR[code]}; expected a code that argues for ERROR")
    return Verdict(Outcome.ERROR, (Reason(code, text),))


def _rows_to_decide(rows: int, judged: Sequence[Comparison | ErrorComparison]) -> int | None:
    """Rows that would show all that is withheld, if the canary is as good as stable and parts keep their shares."""
    needed = [(one.rows_needed, one.n) for one in judged if not one.is_not_worse and one.rows_needed is not None]
    return max((ceil(rows * more / n) for more, n in needed if more > n), default=None)


def _strength(reason: Reason) -> int:
    return list(Outcome).index(_ARGUES_FOR[reason.code])


_ARGUES_FOR: Mapping[ReasonCode, Outcome] = {
    ReasonCode.NOT_WORSE_SHOWN: Outcome.PROMOTE,
    ReasonCode.WORSE_WITHIN_MARGIN: Outcome.PROMOTE,
    ReasonCode.CLASS_WORSE_WITHIN_MARGIN: Outcome.PROMOTE,
    ReasonCode.SLICE_WORSE_WITHIN_MARGIN: Outcome.PROMOTE,
    ReasonCode.CLASS_NOT_ASSESSABLE: Outcome.PROMOTE,
    ReasonCode.SLICE_NOT_ASSESSABLE: Outcome.PROMOTE,
    ReasonCode.NO_EVIDENCE: Outcome.INCONCLUSIVE,
    ReasonCode.TOO_FEW_ROWS: Outcome.INCONCLUSIVE,
    ReasonCode.NOT_WORSE_NOT_SHOWN: Outcome.INCONCLUSIVE,
    ReasonCode.CLASS_NOT_WORSE_NOT_SHOWN: Outcome.INCONCLUSIVE,
    ReasonCode.SLICE_NOT_WORSE_NOT_SHOWN: Outcome.INCONCLUSIVE,
    ReasonCode.REQUIRED_CLASS_NOT_ASSESSABLE: Outcome.INCONCLUSIVE,
    ReasonCode.REQUIRED_SLICE_NOT_ASSESSABLE: Outcome.INCONCLUSIVE,
    ReasonCode.ACCURACY_FLOOR_NOT_SHOWN: Outcome.INCONCLUSIVE,
    ReasonCode.HARM_SHOWN: Outcome.REJECT,
    ReasonCode.CLASS_HARM_SHOWN: Outcome.REJECT,
    ReasonCode.SLICE_HARM_SHOWN: Outcome.REJECT,
    ReasonCode.BELOW_ACCURACY_FLOOR: Outcome.REJECT,
    ReasonCode.PREDICTOR_UNREACHABLE: Outcome.ERROR,
    ReasonCode.ANSWER_REFUSED: Outcome.ERROR,
    ReasonCode.DIGEST_CHANGED: Outcome.ERROR,
}
