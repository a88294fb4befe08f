"""Rollouts with their steps, and the gate's verdicts: written as often as one likes, kept once.

A rollout is known by its environment, its number there and its beginning, a verdict by the digest of its evidence. A
rollout changes as it goes on; its steps and verdicts are added and stay.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select

from records.database import Database, add_missing, explaining, insert_into
from records.errors import NotRecorded
from records.models import Rollout, RolloutStep, Verdict


class RolloutRow(NamedTuple):
    """A rollout as it is now; its columns say what each field is."""

    environment: str
    number: int
    stable_digest: str
    canary_digest: str
    holdout_digest: str
    policy_digest: str
    state: str
    outcome: str | None
    because: str
    code: str | None
    began_at: datetime
    ended_at: datetime | None


class StepRow(NamedTuple):
    """A step that was observed."""

    number: int
    asked_percent: int
    stable_requests: int
    canary_requests: int
    failed_requests: int
    split_p_value: float
    seconds: float
    observed_at: datetime


class VerdictRow(NamedTuple):
    """What the gate said, and its evidence record, as JSON has it."""

    verdict: str
    headline: str
    n: int
    b: int | None
    c: int | None
    margin: float
    alpha: float
    z: float | None
    lower_bound: float | None
    evidence: Mapping[str, Any]
    decided_at: datetime


class RolloutFound(NamedTuple):
    """A rollout with everything that is known of it."""

    id: int
    rollout: RolloutRow
    steps: tuple[StepRow, ...]
    verdicts: tuple[VerdictRow, ...]
    """The oldest first; more than one where it held for further rows."""


_KEY = ("environment", "number", "began_at")
_CHANGES = ("state", "outcome", "because", "code", "ended_at")


def write_rollout(
    database: Database, rollout: RolloutRow, steps: Sequence[StepRow], verdicts: Sequence[VerdictRow] = ()
) -> int:
    """Keep the rollout as it is now, and what is new of its steps and verdicts, all or nothing; its id here.

    Can be repeated. Raises DatabaseUnreachable, DatabaseRefuses.
    """
    made = insert_into(database, Rollout).values(**rollout._asdict())
    changed = {name: getattr(made.excluded, name) for name in _CHANGES}
    written = made.on_conflict_do_update(index_elements=_KEY, set_=changed).returning(Rollout.id)
    with explaining(database), database.begin() as connection:
        rollout_id = int(connection.execute(written).scalar_one())
        add_missing(connection, RolloutStep, [{"rollout_id": rollout_id, **step._asdict()} for step in steps])
        for verdict in verdicts:
            _add_verdict(connection, verdict, rollout_id)
        return rollout_id


def write_verdict(database: Database, verdict: VerdictRow) -> bool:
    """Keep a verdict that moved no traffic; whether it was not there yet. Can be repeated; raises the same."""
    with explaining(database), database.begin() as connection:
        return _add_verdict(connection, verdict, None)


def list_rollouts(
    database: Database, *, environment: str | None = None, limit: int = 100, before: int | None = None
) -> list[RolloutFound]:
    """The newest `limit` rollouts with an id below `before`, of one environment or of all, the newest first.

    Raises RecordsError.
    """
    asked = select(Rollout.id).order_by(Rollout.id.desc()).limit(limit)
    if environment is not None:
        asked = asked.where(Rollout.environment == environment)
    if before is not None:
        asked = asked.where(Rollout.id < before)
    with explaining(database), database.connect() as connection:
        return [_read(connection, rollout_id) for rollout_id in connection.execute(asked).scalars().all()]


def find_rollout(database: Database, rollout_id: int) -> RolloutFound:
    """The rollout with this id here. Raises NotRecorded, DatabaseUnreachable, DatabaseRefuses."""
    with explaining(database), database.connect() as connection:
        return _read(connection, rollout_id)


def list_verdicts(database: Database, *, limit: int = 100) -> list[VerdictRow]:
    """The newest `limit` verdicts, with and without a rollout, the newest first. Raises RecordsError."""
    asked = select(*_columns(Verdict, VerdictRow)).order_by(Verdict.decided_at.desc(), Verdict.id.desc()).limit(limit)
    with explaining(database), database.connect() as connection:
        return [VerdictRow(*row) for row in connection.execute(asked)]


def _add_verdict(connection: Connection, verdict: VerdictRow, rollout_id: int | None) -> bool:
    evidence = dict(verdict.evidence)
    digest = f"sha256:{hashlib.sha256(orjson.dumps(evidence, option=orjson.OPT_SORT_KEYS)).hexdigest()}"
    values = {**verdict._asdict(), "evidence": evidence, "evidence_digest": digest, "rollout_id": rollout_id}
    return bool(add_missing(connection, Verdict, [values]))


def _read(connection: Connection, rollout_id: int) -> RolloutFound:
    found = connection.execute(select(*_columns(Rollout, RolloutRow)).where(Rollout.id == rollout_id)).one_or_none()
    if found is None:
        raise NotRecorded(f"there is no rollout {rollout_id}")
    steps = select(*_columns(RolloutStep, StepRow)).where(RolloutStep.rollout_id == rollout_id)
    verdicts = select(*_columns(Verdict, VerdictRow)).where(Verdict.rollout_id == rollout_id)
    return RolloutFound(
        rollout_id,
        RolloutRow(*found),
        tuple(StepRow(*row) for row in connection.execute(steps.order_by(RolloutStep.number))),
        tuple(VerdictRow(*row) for row in connection.execute(verdicts.order_by(Verdict.decided_at, Verdict.id))),
    )


def _columns(table: type[Any], row: type[Any]) -> list[Any]:
    return [getattr(table, name) for name in row._fields]
