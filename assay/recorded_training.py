"""A training in the database of records, where one is set: from its beginning to its end, with the bundle it makes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from assay.output import say
from bundle import DataReference
from records.errors import RecordsError
from records.settings import DatabaseSettings
from training.experiment import FinishedExperiment
from training.parameters import TrainingParameters

if TYPE_CHECKING:
    from records.database import Database
    from records.experiments import ExperimentBegun
    from training.tracking.run import ExperimentRun


class TrainingRecord:
    """Of one training. What the database does not take is said, and stops nothing: the training has its bundle."""

    def __init__(self, database: "Database | None", begun: "ExperimentBegun | None") -> None:
        self._database, self._begun = database, begun
        self._write("running")

    def describe(self, parts: Sequence[DataReference], holdout: DataReference, commit: str) -> None:
        """What it learns from and is measured on, and by which code."""
        if self._begun is not None:
            data = [part.model_dump(mode="json") for part in parts]
            self._begun = self._begun._replace(
                training_data=data, holdout=holdout.model_dump(mode="json"), commit=commit
            )
            self._write("running")

    def finish(self, finished: FinishedExperiment) -> None:
        """It has made a bundle."""
        self._write("finished", finished)

    def end(self, state: Literal["failed", "cancelled"]) -> None:
        """It has made none."""
        self._write(state)

    def _write(
        self,
        state: Literal["running", "finished", "failed", "cancelled"],
        finished: FinishedExperiment | None = None,
    ) -> None:
        if self._database is None:
            return
        from records.bundles import record_bundle
        from records.training_runs import TrainedBundle, TrainingRun, write_training_run

        now = datetime.now(UTC)
        try:
            made = None
            if finished is not None:
                manifest = finished.bundle.manifest.model_dump(mode="json")
                metrics = {"rows": finished.metrics.rows, **finished.metrics.summary()}
                made = TrainedBundle(finished.bundle.digest, manifest, metrics)
            if self._begun is not None:
                write_training_run(self._database, TrainingRun(self._begun, state, now, made))
            elif made is not None:
                record_bundle(self._database, made.digest, made.manifest, now)
        except RecordsError as error:
            say(f"the database of records does not have this training: {error}")


@contextmanager
def recorded_training(
    run: "ExperimentRun | None", parameters: TrainingParameters, *, is_begun_here: bool
) -> Iterator[TrainingRecord]:
    """The record of the training that the block does, which ends as the block does.

    An experiment has the id of its `run`; without one there is only a bundle to write. A run that somebody else has
    begun is theirs to write, as a console does.
    """
    database = _open() if is_begun_here else None
    record = TrainingRecord(database, _begin(run, parameters) if database is not None and run is not None else None)
    try:
        yield record
    except (KeyboardInterrupt, SystemExit):
        record.end("cancelled")
        raise
    except Exception:
        record.end("failed")
        raise
    finally:
        if database is not None:
            database.dispose()


def _open() -> "Database | None":
    settings = DatabaseSettings.read()
    if not settings.is_set:
        return None
    from records.database import open_database
    from records.schema import require_current

    database = open_database(settings.database_url())
    try:
        require_current(database)
    except RecordsError as error:
        say(f"the database of records will not have this training: {error}")
        database.dispose()
        return None
    return database


def _begin(run: "ExperimentRun", parameters: TrainingParameters) -> "ExperimentBegun":
    from records.experiments import ExperimentBegun

    return ExperimentBegun(
        id=run.experiment_id,
        name=parameters.experiment.name,
        parameters=parameters.model_dump(mode="json", by_alias=True),
        training_data=[],
        holdout=None,
        commit="unknown",
        mlflow_run_id=run.run,
        started_at=run.began_at,
    )
