"""The verdict: one outcome, and every reason that it has.

Each reason argues for one outcome, and the strongest outcome that any reason argues for is the verdict. So a canary is
promoted only where nothing argues against it, and to see why a verdict is what it is, it is enough to read its reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from promotion.gate.comparison import Comparison, compare_classes, compare_overall
from promotion.gate.evidence import PairedAnswers, count_pairs
from promotion.gate.findings import (
    accuracy_findings,
    class_findings,
    no_evidence,
    overall_findings,
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
    rows_needed: int | None = None
    """Rows of the whole data set that would decide, about; None where the verdict stands, or more rows rarely help."""

    @property
    def headline(self) -> str:
        """The strongest reason, in a line."""
        return self.reasons[0].text


def decide(answers: PairedAnswers, policy: GatePolicy) -> Verdict:
    """The verdict on a canary by its answers to labelled rows: PROMOTE, REJECT or INCONCLUSIVE. Pure.

    The tests and their sources are in promotion/statistics, the table from numbers to reasons in findings.py.
    """
    counts = count_pairs(answers)
    if counts.n == 0:
        floor = row_floor(policy.margin, policy.alpha)
        return Verdict(Outcome.INCONCLUSIVE, (no_evidence(policy.margin, floor),), rows_needed=floor)
    overall = compare_overall(counts, policy)
    classes = compare_classes(answers, policy) if policy.classes_are_judged else ()
    rest = accuracy_findings(counts, policy)
    if policy.classes_are_judged:
        rest = (*class_findings(classes, answers, policy), *rest)
    rest_is_shown = all(_ARGUES_FOR[reason.code] is Outcome.PROMOTE for reason in rest)
    reasons = sorted((*overall_findings(overall, rest_is_shown=rest_is_shown), *rest), key=_strength, reverse=True)
    outcome = _ARGUES_FOR[reasons[0].code]
    rows = _rows_to_decide(overall, classes, policy) if outcome is Outcome.INCONCLUSIVE else None
    return Verdict(outcome, tuple(reasons), overall, classes, rows)


def error_verdict(code: ReasonCode, text: str) -> Verdict:
    """The verdict where evidence could not be gathered. Raises ValueError for a code that does not argue for ERROR."""
    if _ARGUES_FOR[code] is not Outcome.ERROR:
        raise ValueError(f"{code} argues for {_ARGUES_FOR[code]}; expected a code that argues for ERROR")
    return Verdict(Outcome.ERROR, (Reason(code, text),))


def _rows_to_decide(overall: Comparison, classes: Sequence[Comparison], policy: GatePolicy) -> int | None:
    """Rows that would show all that is withheld, if the canary is as good as stable and classes keep their shares."""
    judged = [overall, *(one for one in classes if one.is_assessable or one.name in policy.required_classes)]
    short = [one for one in judged if not one.is_not_worse and one.rows_needed > one.n]
    return max((ceil(overall.n * one.rows_needed / one.n) for one in short), default=None)


def _strength(reason: Reason) -> int:
    return list(Outcome).index(_ARGUES_FOR[reason.code])


_ARGUES_FOR: Mapping[ReasonCode, Outcome] = {
    ReasonCode.NOT_WORSE_SHOWN: Outcome.PROMOTE,
    ReasonCode.WORSE_WITHIN_MARGIN: Outcome.PROMOTE,
    ReasonCode.CLASS_WORSE_WITHIN_MARGIN: Outcome.PROMOTE,
    ReasonCode.CLASS_NOT_ASSESSABLE: Outcome.PROMOTE,
    ReasonCode.NO_EVIDENCE: Outcome.INCONCLUSIVE,
    ReasonCode.TOO_FEW_ROWS: Outcome.INCONCLUSIVE,
    ReasonCode.NOT_WORSE_NOT_SHOWN: Outcome.INCONCLUSIVE,
    ReasonCode.CLASS_NOT_WORSE_NOT_SHOWN: Outcome.INCONCLUSIVE,
    ReasonCode.REQUIRED_CLASS_NOT_ASSESSABLE: Outcome.INCONCLUSIVE,
    ReasonCode.ACCURACY_FLOOR_NOT_SHOWN: Outcome.INCONCLUSIVE,
    ReasonCode.HARM_SHOWN: Outcome.REJECT,
    ReasonCode.CLASS_HARM_SHOWN: Outcome.REJECT,
    ReasonCode.BELOW_ACCURACY_FLOOR: Outcome.REJECT,
    ReasonCode.PREDICTOR_UNREACHABLE: Outcome.ERROR,
    ReasonCode.ANSWER_REFUSED: Outcome.ERROR,
    ReasonCode.DIGEST_CHANGED: Outcome.ERROR,
}
