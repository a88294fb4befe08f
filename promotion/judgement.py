"""One judgement: collect the evidence, decide, and state both in an evidence record."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version

from dataset import LabelledRows
from promotion.clock import Clock
from promotion.errors import PromotionError
from promotion.evidence.evidence_source import (
    AnswerRefused,
    DigestChanged,
    EvidenceError,
    EvidenceSource,
    PredictorUnreachable,
    RevisionPair,
    RunningRevision,
)
from promotion.evidence.live_predictions import LivePredictions
from promotion.gate.advisory import (
    AdvisoryEvidence,
    Calibration,
    LiveRows,
    agreement_of,
    calibration_of,
    drift_of,
    value_drift_of,
)
from promotion.gate.disagreement import course_of, disagreements_of
from promotion.gate.error_course import erring_rows_of, error_course_of, error_spread_of
from promotion.gate.evidence import PairedAnswers, PairedConfidences, PairedValues
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import ReasonCode
from promotion.gate.record import EvidenceRecord, JudgedHoldout, ReplayFacts, build_evidence_record
from promotion.gate.slices import group_rows
from promotion.gate.verdict import decide, decide_by_errors, error_verdict

_CODES: Mapping[type[EvidenceError], ReasonCode] = {
    AnswerRefused: ReasonCode.ANSWER_REFUSED,
    DigestChanged: ReasonCode.DIGEST_CHANGED,
    PredictorUnreachable: ReasonCode.PREDICTOR_UNREACHABLE,
}


class PolicyNotUsable(PromotionError):
    """The policy has settings that mean nothing for what is judged; the message names them."""


def judge_canary(
    source: EvidenceSource,
    holdout: LabelledRows,
    policy: GatePolicy,
    clock: Clock,
    live: LivePredictions | None = None,
) -> EvidenceRecord:
    """The evidence on `holdout` and the verdict: PROMOTE, REJECT or INCONCLUSIVE; `live` is for the advice alone.

    Raises EvidenceError when the evidence cannot be had, SliceNotUsable when the policy has slices that this holdout
    cannot be cut into, and PolicyNotUsable when it asks of a regression model what only classifiers have; none is a
    verdict on the canary: the caller ends with ERROR.
    """
    groups = group_rows(policy.slices, holdout)
    replayed = source.replay_holdout(holdout)
    answers = replayed.answers
    if isinstance(answers, PairedValues):
        _refuse_settings_of_classifiers(policy)
        verdict, advisory = (
            decide_by_errors(answers.to_errors(), policy, groups),
            _advise_values(answers, holdout, policy),
        )
    else:
        verdict, advisory = decide(answers, policy, groups), _advise_labels(answers, replayed.confidences, holdout)
    return build_evidence_record(
        verdict,
        policy,
        answers=None if isinstance(answers, PairedValues) else answers,
        stable=replayed.revisions.stable,
        canary=replayed.revisions.canary,
        holdout=_judged(holdout),
        replay=ReplayFacts(
            requests=replayed.requests, retried=replayed.retried, seconds=replayed.seconds, asked=replayed.asked
        ),
        judged_at=clock.now().isoformat(timespec="seconds"),
        program_version=version("assay"),
        advisory=advisory if live is None else _with_drift(advisory, answers, live, replayed.revisions.stable),
    )


def _with_drift(
    advisory: AdvisoryEvidence, answers: PairedAnswers | PairedValues, live: LivePredictions, stable: RunningRevision
) -> AdvisoryEvidence:
    answered = live.of(stable.bundle_digest)
    drift = None
    if answered.values and isinstance(answers, PairedValues) and answers.stable:
        drift = value_drift_of(answers.stable, answered.values)
    if answered.labels and isinstance(answers, PairedAnswers) and answers.stable_labels:
        drift = drift_of(answers.stable_labels, answered.labels, answers.classes)
    return replace(advisory, drift=drift, live=LiveRows(answered.rows, live.rows - answered.rows))


def _refuse_settings_of_classifiers(policy: GatePolicy) -> None:
    asked = {"minimum_accuracy": policy.minimum_accuracy is not None, "required_classes": bool(policy.required_classes)}
    if any(asked.values()):
        names = " and ".join(name for name, is_asked in asked.items() if is_asked)
        raise PolicyNotUsable(
            f"gate.yaml has {names}, but the models answer with numbers; expected a gate.yaml without"
        )


def _advise_labels(
    answers: PairedAnswers, confidences: PairedConfidences | None, holdout: LabelledRows
) -> AdvisoryEvidence:
    stable_calibration, canary_calibration = _calibrations(answers, confidences)
    return AdvisoryEvidence(
        agreement=agreement_of(answers),
        stable_calibration=stable_calibration,
        canary_calibration=canary_calibration,
        disagreements=disagreements_of(answers, holdout),
        course=course_of(answers),
    )


def _calibrations(
    answers: PairedAnswers, confidences: PairedConfidences | None
) -> tuple[Calibration | None, Calibration | None]:
    """Of stable and of the canary."""
    if confidences is None:
        return None, None
    stable, canary = (
        calibration_of(known, [label == truth for label, truth in zip(labels, answers.truth, strict=True)])
        for known, labels in (
            (confidences.stable, answers.stable_labels),
            (confidences.canary, answers.canary_labels),
        )
    )
    return stable, canary


def _advise_values(values: PairedValues, holdout: LabelledRows, policy: GatePolicy) -> AdvisoryEvidence:
    return AdvisoryEvidence(
        error_spread=error_spread_of(values),
        erring_rows=erring_rows_of(values, holdout),
        error_course=error_course_of(values, policy.look_alpha),
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
