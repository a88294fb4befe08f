"""A training run with what it made, written as it stands: by whoever trains, and by a console that has it done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from records.bundles import record_bundle
from records.database import Database
from records.experiments import ExperimentBegun, begin_experiment, change_experiment, finish_experiment


class TrainedBundle(NamedTuple):
    """What a run has made."""

    digest: str
    manifest: Mapping[str, Any]
    """Its manifest.json."""
    metrics: Mapping[str, Any]
    """On the holdout."""


class TrainingRun(NamedTuple):
    """A run as it stands."""

    begun: ExperimentBegun
    state: Literal["running", "finished", "failed", "cancelled"]
    ended_at: datetime | None = None
    """None while it is running."""
    bundle: TrainedBundle | None = None
    """Of a run that has finished."""


def write_training_run(database: Database, run: TrainingRun) -> None:
    """Keep the run as it is now, and its bundle once it has one. Can be repeated, later states after earlier ones.

    Raises RecordedOtherwise where the run has ended in another way, or is another one of this id; DatabaseUnreachable,
    DatabaseRefuses.
    """
    begin_experiment(database, run.begun)
    if run.state == "running":
        return
    at = run.ended_at or run.begun.started_at
    if run.state != "finished":
        change_experiment(database, run.begun.id, run.state, at)
        return
    metrics = run.bundle.metrics if run.bundle else {}
    finish_experiment(database, run.begun.id, metrics, at, holdout=run.begun.holdout or {})
    if run.bundle is not None:
        record_bundle(database, run.bundle.digest, run.bundle.manifest, at)
