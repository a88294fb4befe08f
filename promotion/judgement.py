"""One judgement: collect the evidence, decide, and state both in an evidence record."""

from collections.abc import Mapping
from importlib.metadata import version

from dataset import LabelledRows
from promotion.clock import Clock
from promotion.evidence.evidence_source import (
    AnswerRefused,
    DigestChanged,
    EvidenceError,
    EvidenceSource,
    PredictorUnreachable,
    RevisionPair,
)
from promotion.gate.advisory import AdvisoryEvidence, agreement_of
from promotion.gate.disagreement import course_of, disagreements_of
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import ReasonCode
from promotion.gate.record import EvidenceRecord, JudgedHoldout, ReplayFacts, build_evidence_record
from promotion.gate.slices import group_rows
from promotion.gate.verdict import decide, error_verdict

_CODES: Mapping[type[EvidenceError], ReasonCode] = {
    AnswerRefused: ReasonCode.ANSWER_REFUSED,
    DigestChanged: ReasonCode.DIGEST_CHANGED,
    PredictorUnreachable: ReasonCode.PREDICTOR_UNREACHABLE,
}


def judge_canary(source: EvidenceSource, holdout: LabelledRows, policy: GatePolicy, clock: Clock) -> EvidenceRecord:
    """The evidence on `holdout` and the verdict: PROMOTE, REJECT or INCONCLUSIVE.

    Raises EvidenceError when the evidence cannot be had, and SliceNotUsable when the policy has slices that this
    holdout cannot be cut into; neither is a verdict on the canary: the caller ends with ERROR.
    """
    groups = group_rows(policy.slices, holdout.features, holdout.feature_names)
    replayed = source.replay_holdout()
    return build_evidence_record(
        decide(replayed.answers, policy, groups),
        policy,
        answers=replayed.answers,
        stable=replayed.revisions.stable,
        canary=replayed.revisions.canary,
        holdout=_judged(holdout),
        replay=ReplayFacts(requests=replayed.requests, retried=replayed.retried, seconds=replayed.seconds),
        judged_at=clock.now().isoformat(timespec="seconds"),
        program_version=version("assay"),
        advisory=AdvisoryEvidence(
            agreement=agreement_of(replayed.answers),
            disagreements=disagreements_of(replayed.answers, holdout),
            course=course_of(replayed.answers),
        ),
    )


def record_error(
    error: EvidenceError, revisions: RevisionPair, holdout: LabelledRows, policy: GatePolicy, clock: Clock
) -> EvidenceRecord:
    """The record of evidence that could not be had: the verdict ERROR with its reason.

    `revisions` names what was asked; what a predictor has not said of itself is an empty text.
    """
    return build_evidence_record(
        error_verdict(_CODES[type(error)], str(error)),
        policy,
        answers=None,
        stable=revisions.stable,
        canary=revisions.canary,
        holdout=_judged(holdout),
        replay=None,
        judged_at=clock.now().isoformat(timespec="seconds"),
        program_version=version("assay"),
    )


def _judged(holdout: LabelledRows) -> JudgedHoldout:
    return JudgedHoldout(name=holdout.name, digest=holdout.digest, rows=len(holdout))
