"""Experiments on record (training/tracking), opened when they are first needed: MLflow takes seconds to load."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from bundle import Bundle
from console.errors import NotFound, Refused
from training.errors import ExperimentEnded, ExperimentNotFound
from training.tracking.opening import open_tracking

if TYPE_CHECKING:
    from training.tracking.experiment import Experiment as TrackedExperiment
    from training.tracking.paired_answers import PairedErrors, PairedRights
    from training.tracking.store import TrackingStore


@dataclass(frozen=True, slots=True)
class Begun:
    """An experiment that was begun."""

    experiment_id: int
    run: str
    """MLflow's own name for it."""


@dataclass
class Tracking:
    """The tracking store at `url`. Every call raises TrackingNotUsable where it is away."""

    url: str
    _store: "TrackingStore | None" = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def begin(self, name: str, model: str) -> Begun:
        """A new experiment, with an id that no other has."""
        run = self._open().begin(name, model)
        return Begun(run.experiment_id, run.run)

    def end(self, experiment_id: int, because: str, *, is_cancelled: bool) -> None:
        """It did not come to its end by itself; one that has ended is left as it is. Can be repeated."""
        with suppress(ExperimentEnded, ExperimentNotFound):
            run = self._open().go_on(experiment_id)
            if is_cancelled:
                run.cancel()
            else:
                run.fail(because)

    def fetch(self, experiment_id: int, directory: Path) -> "tuple[TrackedExperiment, Bundle]":
        """One that has finished, whoever trained it, and its bundle, written below `directory`. Can be repeated.

        Raises NotFound; Refused where it has made no bundle; BundleError where that cannot be written.
        """
        try:
            found = self._open().read(experiment_id)
            if found.bundle_digest is None or found.ended_at is None:
                raise Refused(f"experiment {experiment_id} is {found.state} in {self.url}: it has no bundle")
            return found, self._open().fetch_bundle(experiment_id, directory)
        except ExperimentNotFound as error:
            raise NotFound(str(error)) from error

    def list_files(self, experiment_id: int) -> tuple[str, ...]:
        """The paths of what it made: metrics, plots, the model. Raises NotFound."""
        try:
            return self._open().list_files(experiment_id)
        except ExperimentNotFound as error:
            raise NotFound(str(error)) from error

    def read_file(self, experiment_id: int, path: str) -> bytes:
        """One of these files. Raises NotFound."""
        if ".." in PurePosixPath(path).parts or path.startswith("/"):
            raise NotFound(f"experiment {experiment_id} has no file {path[:200]}")
        try:
            return self._open().read_file(experiment_id, path)
        except ExperimentNotFound as error:
            raise NotFound(str(error)) from error

    def pair_answers(self, first: int, second: int) -> "PairedRights | PairedErrors":
        """The answers of both to each row of the holdout. Raises NotFound; ExperimentsNotComparable for other rows."""
        from training.tracking.paired_answers import pair_answers  # noqa: PLC0415  # with MLflow

        store = self._open()
        try:
            return pair_answers(store, store.read(first), store.read(second))
        except ExperimentNotFound as error:
            raise NotFound(str(error)) from error

    def _open(self) -> "TrackingStore":
        with self._lock:
            if self._store is None:
                self._store = open_tracking(self.url)
            return self._store
