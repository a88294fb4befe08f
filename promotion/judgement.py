"""One judgement: collect the evidence, decide, and state both in an evidence record."""

from importlib.metadata import version

from dataset import LabelledRows
from promotion.clock import Clock
from promotion.evidence.evidence_source import EvidenceSource
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord, JudgedHoldout, ReplayFacts, build_evidence_record
from promotion.gate.verdict import decide


def judge_canary(source: EvidenceSource, holdout: LabelledRows, policy: GatePolicy, clock: Clock) -> EvidenceRecord:
    """The evidence on `holdout` and the verdict: PROMOTE, REJECT or INCONCLUSIVE.

    Raises EvidenceError when the evidence cannot be had, which is no verdict on the canary: the caller ends with ERROR.
    """
    replayed = source.replay_holdout()
    return build_evidence_record(
        decide(replayed.answers, policy),
        policy,
        answers=replayed.answers,
        stable=replayed.revisions.stable,
        canary=replayed.revisions.canary,
        holdout=JudgedHoldout(name=holdout.name, digest=holdout.digest, rows=len(holdout)),
        replay=ReplayFacts(requests=replayed.requests, retried=replayed.retried, seconds=replayed.seconds),
        judged_at=clock.now().isoformat(timespec="seconds"),
        program_version=version("assay"),
    )
