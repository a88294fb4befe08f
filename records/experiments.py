"""Training runs: begun, changed and ended by whoever trains, read by whoever compares them.

    waiting ─▶ running ─▶ finished, with metrics
       └──────────┴─────▶ failed, cancelled

Their ids come from elsewhere: from whoever tracks them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, select, update

from records.database import Database, add_missing, explaining
from records.errors import NotRecorded, RecordedOtherwise
from records.models import Experiment

State = Literal["waiting", "running", "finished", "failed", "cancelled"]
_OPEN = ("waiting", "running")


class ExperimentBegun(NamedTuple):
    """What is known of a training run as it begins; its columns say what each field is."""

    id: int
    name: str
    parameters: Mapping[str, Any]
    training_data: Sequence[Mapping[str, Any]]
    """`name`, `digest` and `rows` of each part."""
    holdout: Mapping[str, Any] | None
    """The same of the rows that it is measured on."""
    commit: str
    mlflow_run_id: str | None
    started_at: datetime


class ExperimentFound(NamedTuple):
    """A training run as it is now."""

    id: int
    name: str
    state: State
    parameters: dict[str, Any]
    training_data: list[dict[str, Any]]
    holdout: dict[str, Any] | None
    metrics: dict[str, Any] | None
    commit: str
    mlflow_run_id: str | None
    started_at: datetime
    finished_at: datetime | None


_FOUND = select(*(getattr(Experiment, name) for name in ExperimentFound._fields))


def begin_experiment(
    database: Database, begun: ExperimentBegun, state: Literal["waiting", "running"] = "running"
) -> None:
    """Keep a training run; of one that waits, or runs, what is known of it now.

    Can be repeated, when the run has ended since, too. Raises RecordedOtherwise where another one with this id has
    ended, DatabaseUnreachable, DatabaseRefuses.
    """
    values = {**begun._asdict(), "state": state, "training_data": [dict(part) for part in begun.training_data]}
    with explaining(database), database.begin() as connection:
        if add_missing(connection, Experiment, [values]):
            return
        is_open = Experiment.state.in_(_OPEN)
        if connection.execute(update(Experiment).where(Experiment.id == begun.id, is_open).values(**values)).rowcount:
            return
        ended = _find(connection, begun.id)
        if ended.started_at != begun.started_at:
            raise RecordedOtherwise(
                f"experiment {begun.id} {ended.state} already, begun at {ended.started_at:%Y-%m-%d %H:%M:%S}; expected "
                "a new id, or another database for another store of experiments"
            )


def change_experiment(
    database: Database, experiment_id: int, state: Literal["running", "failed", "cancelled"], at: datetime
) -> None:
    """The run is at work, or has ended without a result. Can be repeated.

    Raises NotRecorded, RecordedOtherwise where it has ended in another way, DatabaseUnreachable, DatabaseRefuses.
    """
    _change(database, experiment_id, state, {} if state == "running" else {"finished_at": at})


def finish_experiment(
    database: Database, experiment_id: int, metrics: Mapping[str, Any], at: datetime, *, holdout: Mapping[str, Any]
) -> None:
    """The run has ended with `metrics` on `holdout`. Can be repeated; raises like `change_experiment`."""
    _change(
        database,
        experiment_id,
        "finished",
        {"metrics": dict(metrics), "holdout": dict(holdout), "finished_at": at},
    )


def find_experiment(database: Database, experiment_id: int) -> ExperimentFound:
    """The run with this id. Raises NotRecorded, DatabaseUnreachable, DatabaseRefuses."""
    with explaining(database), database.connect() as connection:
        return _find(connection, experiment_id)


def list_experiments(database: Database, *, limit: int = 100, before: int | None = None) -> list[ExperimentFound]:
    """The newest `limit` runs with an id below `before`, the newest first. Raises RecordsError."""
    asked = _FOUND.order_by(Experiment.id.desc()).limit(limit)
    if before is not None:
        asked = asked.where(Experiment.id < before)
    with explaining(database), database.connect() as connection:
        return [ExperimentFound(*row) for row in connection.execute(asked)]


def _change(database: Database, experiment_id: int, state: State, values: Mapping[str, Any]) -> None:
    where = (Experiment.id == experiment_id, Experiment.state.in_(_OPEN))
    with explaining(database), database.begin() as connection:
        if connection.execute(update(Experiment).where(*where).values(state=state, **values)).rowcount:
            return
        if (found := _find(connection, experiment_id)).state != state:
            raise RecordedOtherwise(f"experiment {experiment_id} {found.state} already; it cannot be {state} any more")


def _find(connection: Connection, experiment_id: int) -> ExperimentFound:
    row = connection.execute(_FOUND.where(Experiment.id == experiment_id)).one_or_none()
    if row is None:
        raise NotRecorded(f"there is no experiment {experiment_id}")
    return ExperimentFound(*row)
