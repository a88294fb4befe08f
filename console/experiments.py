"""Training runs: begun as jobs, and known by integer ids ever after."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from bundle import DataReference
from console.bundles import Bundles
from console.data_parts import DataPart, DataParts
from console.documents import Documents
from console.errors import Conflict, NotFound, Refused, StateNotUsable
from console.jobs import Job, JobKind, JobLimits, JobOrder, JobRunner, JobState
from console.jobs.job_folder import parse_output
from console.moments import now
from console.tracking import Tracking
from training.parameters import TrainingParameters


class ExperimentState(StrEnum):
    """As in the records' table of experiments."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """What is to be trained."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    """As params.yaml has them; what is left out takes its default."""
    parts: tuple[str, ...] = ()
    """Digests of data parts; none: all that there are."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One training run."""

    experiment_id: int
    name: str
    model: str
    version: int
    state: ExperimentState
    parameters: Mapping[str, Any]
    training_data: tuple[DataReference, ...]
    holdout: DataReference
    by: str
    began_at: str
    """ISO 8601, UTC."""
    run: str | None = None
    """MLflow's own name for it."""
    job_id: int | None = None
    key: str | None = None
    """The idempotency key that it was asked for with."""
    ended_at: str | None = None
    bundle_digest: str | None = None
    """Of what it made; None before it has finished."""
    metrics: Mapping[str, float] | None = None
    """On the holdout; None before it has finished."""
    because: str = ""
    """Why it did not finish."""
    progress: str = ""
    """The newest line of its log."""


_EXPERIMENTS = Documents(TypeAdapter(Experiment))


@dataclass
class Experiments:
    """The experiments in `directory`."""

    directory: Path
    data: DataParts
    bundles: Bundles
    jobs: JobRunner
    tracking: Tracking
    defaults: TrainingParameters
    """What an order that says nothing of it takes."""
    limits: JobLimits
    at_once: int = 1
    """Trainings of a model at the same time."""
    _since: str = field(default_factory=now, init=False)
    """What began before, without a job, has lost the console that was to start it."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def look(self) -> tuple[Experiment, ...]:
        """All of them, oldest first."""
        kept = (_EXPERIMENTS.read(path) for path in sorted(self.directory.glob("*.json")))
        return tuple(self._as_it_stands(one) for one in kept if one is not None)

    def find(self, experiment_id: int) -> Experiment:
        """One of them. Raises NotFound."""
        known = self.known(experiment_id)
        if known is None:
            raise NotFound(f"there is no experiment {experiment_id}")
        return known

    def known(self, experiment_id: int) -> Experiment | None:
        """The one with this id, if it is known here."""
        kept = _EXPERIMENTS.read(self._path(experiment_id))
        return self._as_it_stands(kept) if kept is not None else None

    def keep(self, experiment: Experiment) -> Experiment:
        """Know one that has ended from now on. Can be repeated. Raises StateNotUsable."""
        _EXPERIMENTS.write(self._path(experiment.experiment_id), experiment)
        return experiment

    def begin(self, order: TrainingOrder, by: str, key: str | None = None) -> tuple[Experiment, bool]:
        """Start a training, and whether it is a new one: with a `key` that was given before, it is that one.

        Raises Refused for parameters or parts that cannot be, and without data or holdout; Conflict while as many
        trainings of the model run as may; TrackingNotUsable where no id is given.
        """
        parameters = self._parse(order.parameters)
        with self._lock:
            known = self.look()
            if key is not None and (before := next((one for one in known if one.key == key), None)) is not None:
                return before, False
            parts = self._choose_parts(order.parts)
            self._refuse_too_many(parameters.model.name, known)
            begun = self._order(parameters, parts, known, by, key)
            begun = self._start(begun, parts)
        return self._as_it_stands(begun), True

    def cancel(self, experiment_id: int, by: str) -> Experiment:
        """Ask a training to end; one that has ended is left as it is. Raises NotFound. Can be repeated."""
        found = self.find(experiment_id)
        if found.job_id is not None and found.state is ExperimentState.RUNNING:
            self.jobs.cancel(found.job_id, by)
        return self.find(experiment_id)

    def _parse(self, given: Mapping[str, Any]) -> TrainingParameters:
        try:
            return TrainingParameters.model_validate({**self.defaults.model_dump(by_alias=True), **given})
        except ValidationError as error:
            first = error.errors()[0]
            raise Refused(f"parameters: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error

    def _choose_parts(self, digests: Sequence[str]) -> tuple[DataPart, ...]:
        parts = tuple(self.data.find(digest) for digest in dict.fromkeys(digests)) or self.data.look()
        if not parts:
            raise Refused("there are no data parts yet; add one with PUT /add_data")
        return parts

    def _refuse_too_many(self, model: str, known: Sequence[Experiment]) -> None:
        running = [one for one in known if one.model == model and one.state is ExperimentState.RUNNING]
        if len(running) >= self.at_once:
            ids = ", ".join(str(one.experiment_id) for one in running)
            raise Conflict(f"{model}: experiment {ids} runs, and {self.at_once} may at a time; try again when it ended")

    def _start(self, begun: Experiment, parts: Sequence[DataPart]) -> Experiment:
        """Written before its job is started, so that none runs that nobody knows, and after."""
        _EXPERIMENTS.write(self._path(begun.experiment_id), begun)
        parameters = yaml.safe_dump(dict(begun.parameters), sort_keys=False)
        self._parameters_path(begun).write_text(parameters, encoding="utf-8")
        try:
            started = replace(begun, job_id=self.jobs.start(self._job(begun, parts)).job_id)
        except StateNotUsable as error:
            failed = replace(begun, state=ExperimentState.FAILED, because=str(error), ended_at=now())
            _EXPERIMENTS.write(self._path(begun.experiment_id), failed)
            raise
        _EXPERIMENTS.write(self._path(begun.experiment_id), started)
        return started

    def _order(
        self,
        parameters: TrainingParameters,
        parts: Sequence[DataPart],
        known: Sequence[Experiment],
        by: str,
        key: str | None,
    ) -> Experiment:
        pinned = self.data.holdouts.pinned()
        if pinned is None:
            raise Refused("no holdout is pinned yet; add one with POST /holdouts")
        model = parameters.model.name
        version = max((one.version for one in known if one.model == model), default=0) + 1
        tracked = self.tracking.begin(parameters.experiment.name, model)
        if any(one.experiment_id == tracked.experiment_id for one in known):
            url = self.tracking.url
            raise StateNotUsable(f"{url} gives the id {tracked.experiment_id} again; expected the store of before")
        return Experiment(
            experiment_id=tracked.experiment_id,
            run=tracked.run,
            name=parameters.experiment.name,
            model=model,
            version=max(version, self.bundles.next_version(model)),
            state=ExperimentState.RUNNING,
            parameters=parameters.model_dump(mode="json", by_alias=True),
            training_data=tuple(DataReference(name=one.name, digest=one.digest, rows=one.rows) for one in parts),
            holdout=DataReference(
                name=pinned.path.name, digest=pinned.digest, rows=len(self.data.holdouts.read(pinned.digest))
            ),
            by=by,
            began_at=now(),
            key=key,
        )

    def _job(self, begun: Experiment, parts: Sequence[DataPart]) -> JobOrder:
        data = [argument for part in parts for argument in ("--data", str(self.data.path_of(part.digest)))]
        holdout = self.data.holdouts.find(begun.holdout.digest).path
        arguments = ("train", *data, "--holdout", str(holdout), "--params", str(self._parameters_path(begun)))
        numbers = ("--model-version", str(begun.version), "--experiment", str(begun.experiment_id))
        out = ("--out", str(self.bundles.directory), "--json")
        return JobOrder(JobKind.TRAINING, begun.model, (*arguments, *numbers, *out), self.limits)

    def _as_it_stands(self, kept: Experiment) -> Experiment:
        """`kept` with what its job says; what it says once it has ended is kept, too."""
        if kept.state is not ExperimentState.RUNNING:
            return kept
        if kept.job_id is None and kept.began_at >= self._since:
            return kept  # its job is being started
        if kept.job_id is None:
            lost = "the console ended before it could start the training; ask for it again"
            return replace(kept, state=ExperimentState.FAILED, because=lost)
        job = self.jobs.look(kept.job_id)[0]
        if job.state is JobState.RUNNING:
            return replace(kept, progress=job.progress)
        ended = self._ended(kept, job)
        _EXPERIMENTS.write(self._path(kept.experiment_id), ended)
        return ended

    def _ended(self, kept: Experiment, job: Job) -> Experiment:
        at = job.ended_at or now()
        if job.state is JobState.FINISHED:
            result = parse_output(self.jobs.read_log(job.job_id, output=True))
            numbers = {name: float(value) for name, value in result["metrics"].items()}
            state, digest = ExperimentState.FINISHED, result["digest"]
            return replace(kept, state=state, ended_at=at, bundle_digest=digest, metrics=numbers, progress=job.progress)
        state = ExperimentState.CANCELLED if job.state is JobState.CANCELLED else ExperimentState.FAILED
        said = f"{job.because}: {job.progress}" if job.exit_code else job.because
        self.tracking.end(kept.experiment_id, said, is_cancelled=job.state is JobState.CANCELLED)
        return replace(kept, state=state, ended_at=at, because=said, progress=job.progress)

    def _path(self, experiment_id: int) -> Path:
        return self.directory / f"{experiment_id:06d}.json"

    def _parameters_path(self, experiment: Experiment) -> Path:
        return self._path(experiment.experiment_id).with_suffix(".params.yaml")
