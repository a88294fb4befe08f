"""A rollout's record and its evidence as rows of the database of records, for whoever keeps them there, too.

The record in its own store stays the truth: what is in the database can be written anew from it at any time.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import RolloutRecord, RolloutState

if TYPE_CHECKING:
    from records.database import Database
    from records.deployments import Role
    from records.rollouts import StepRow, VerdictRow


def write_recorded_rollout(
    database: "Database", environment: str, record: RolloutRecord, evidence: EvidenceRecord | None
) -> None:
    """Keep `record` as it is now, its steps, its verdict where `evidence` is its own, and who had which role.

    A record that neither says when it began nor has a history is left out. Can be repeated. Raises RecordsError.
    """
    from records.rollouts import RolloutRow, write_rollout

    began_at = _began_at(record)
    if began_at is None:
        return
    own = evidence if evidence is not None and _is_of(evidence, record, began_at) else None
    row = RolloutRow(
        environment=environment,
        number=record.rollout_id,
        stable_digest=record.stable_digest,
        canary_digest=record.canary_digest,
        holdout_digest=record.holdout_digest,
        policy_digest=record.policy_digest,
        state=str(record.state),
        outcome=str(record.outcome) if record.outcome else None,
        because=record.because,
        code=str(record.code) if record.code else None,
        began_at=began_at,
        ended_at=_ended_at(record),
    )
    rollout_id = write_rollout(database, row, list(_steps(record)), [verdict_row(own)] if own else [])
    if own:
        _write_roles(database, row.environment, rollout_id, record, own, began_at)


def verdict_row(evidence: EvidenceRecord) -> "VerdictRow":
    """The verdict that `evidence` states."""
    from records.rollouts import VerdictRow

    return VerdictRow(
        verdict=str(evidence.verdict),
        headline=evidence.headline,
        n=evidence.n,
        b=evidence.b,
        c=evidence.c,
        margin=evidence.margin,
        alpha=evidence.alpha,
        z=evidence.z,
        lower_bound=evidence.lower_bound,
        evidence=evidence.model_dump(mode="json"),
        decided_at=datetime.fromisoformat(evidence.judged_at),
    )


def _steps(record: RolloutRecord) -> Iterator["StepRow"]:
    """What was observed; a step ends as the rollout leaves the state of observing for the next step, or the end."""
    from records.rollouts import StepRow

    left = [
        datetime.fromisoformat(after.at)
        for before, after in pairwise(record.history)
        if before.state is RolloutState.OBSERVING
        and after.state not in {RolloutState.OBSERVING, RolloutState.CONFIRMING, RolloutState.RESTORING}
    ]
    for number, (seen, observed_at) in enumerate(zip(record.observations, left, strict=False), start=1):
        counts = seen.counts
        yield StepRow(
            number=number,
            asked_percent=seen.asked_percent,
            stable_requests=counts.stable,
            canary_requests=counts.canary,
            failed_requests=counts.failed,
            split_p_value=seen.split_p_value,
            seconds=seen.seconds,
            observed_at=observed_at,
        )


def _write_roles(
    database: "Database",
    environment: str,
    rollout_id: int,
    record: RolloutRecord,
    evidence: EvidenceRecord,
    began_at: datetime,
) -> None:
    """Stable and canary from the beginning on; at the end nobody is canary, and who was promoted is stable."""
    from records.deployments import DeploymentRow, record_deployment, retire

    def give(role: "Role", of: str, rollout: int | None, at: datetime) -> None:
        running = evidence.stable if of == "stable" else evidence.canary
        row = DeploymentRow(environment, running.revision, running.bundle_digest, role, rollout, at)
        record_deployment(database, row)

    give("stable", "stable", None, began_at)
    give("canary", "canary", rollout_id, began_at)
    ended_at = _ended_at(record)
    if ended_at is not None:
        retire(database, environment, "canary", ended_at)
        if record.state is RolloutState.PROMOTED:
            give("stable", "canary", rollout_id, ended_at)


def _is_of(evidence: EvidenceRecord, record: RolloutRecord, began_at: datetime) -> bool:
    """Whether the record's verdict rests on it: in a cluster the newest evidence alone is kept."""
    if record.verdict is not evidence.verdict:
        return False
    judged_at = datetime.fromisoformat(evidence.judged_at)  # to the second
    is_same = evidence.canary.bundle_digest == record.canary_digest
    is_late = record.judged_at is not None and judged_at > datetime.fromisoformat(record.judged_at)
    return is_same and began_at.replace(microsecond=0) <= judged_at and not is_late


def _began_at(record: RolloutRecord) -> datetime | None:
    at = record.began_at or next((event.at for event in record.history), None)
    return datetime.fromisoformat(at) if at else None


def _ended_at(record: RolloutRecord) -> datetime | None:
    return datetime.fromisoformat(record.history[-1].at) if record.is_finished and record.history else None
