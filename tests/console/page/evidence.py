"""Evidence records as the gate writes them, of revisions whose every answer is known."""

import numpy as np

from promotion.evidence.evidence_source import RunningRevision
from promotion.gate.advisory import AdvisoryEvidence
from promotion.gate.disagreement import course_of
from promotion.gate.error_course import error_course_of
from promotion.gate.evidence import PairedValues
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord, JudgedHoldout, build_evidence_record
from promotion.gate.verdict import Verdict, decide, decide_by_errors
from tests.promotion.evidence.columns import make_holdout, paired_answers

_DIGEST = f"sha256:{'0' * 64}"


def accuracy_evidence(canary: str) -> EvidenceRecord:
    """Of a column of tests/promotion/evidence/columns.py against v1."""
    answers, policy = paired_answers("v1", canary, make_holdout()), GatePolicy()
    return _record(decide(answers, policy), policy, AdvisoryEvidence(course=course_of(answers)))


def error_evidence() -> EvidenceRecord:
    """Of a regression model that errs a little less."""
    generator = np.random.default_rng(7)
    truth = generator.normal(size=600)
    stable, canary = truth + generator.normal(size=600), truth + 0.95 * generator.normal(size=600)
    values, policy = PairedValues(*(tuple(one.tolist()) for one in (truth, stable, canary))), GatePolicy()
    advisory = AdvisoryEvidence(error_course=error_course_of(values, policy.alpha))
    return _record(decide_by_errors(values.to_errors(), policy), policy, advisory)


def _record(verdict: Verdict, policy: GatePolicy, advisory: AdvisoryEvidence) -> EvidenceRecord:
    return build_evidence_record(
        verdict,
        policy,
        answers=None,
        stable=RunningRevision("stable", "", "columns", "1", "v1", _DIGEST),
        canary=RunningRevision("canary", "", "columns", "2", "v2", _DIGEST),
        holdout=JudgedHoldout(name="columns", digest=_DIGEST, rows=400),
        replay=None,
        judged_at="2026-11-30T10:00:00+00:00",
        program_version="0",
        advisory=advisory,
    )
