"""A job, and the seam behind which it runs: processes on one machine, `Job`s of Kubernetes in a cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class JobKind(StrEnum):
    """What a job does."""

    TRAINING = "training"
    PREDICTOR = "predictor"
    GATEWAY = "gateway"
    ROLLOUT = "rollout"


class JobState(StrEnum):
    """How a job stands, or how it ended."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    """Another exit code than 0, a limit, or a signal that nobody of us sent."""
    CANCELLED = "cancelled"
    DIED = "died"
    """Nobody saw its end: the machine went down, or its supervisor was killed, and it with that."""


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What a job may take; None: as much as it likes."""

    seconds: float | None = None
    memory_bytes: int | None = None
    """Resident, of all its processes together."""


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What is to run."""

    kind: JobKind
    subject: str
    """What it is about: a model's name, a revision's."""
    arguments: tuple[str, ...]
    """Of the program `assay`."""
    limits: JobLimits = JobLimits()
    stop_seconds: float = 10.0
    """How long it has after it was asked to end, before it is killed."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside the console's own. It is kept in a file: no place for a secret."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    job_id: int
    order: JobOrder
    state: JobState
    started_at: str
    """ISO 8601, UTC."""
    ended_at: str | None = None
    exit_code: int | None = None
    """None while it runs, where it was killed, and where nobody saw its end."""
    because: str = ""
    """Why it did not finish, in one line."""
    progress: str = ""
    """The newest line that it has logged."""


@dataclass(frozen=True, slots=True)
class JobLog:
    """A piece of what a job has logged."""

    text: str
    next_offset: int
    """Where the next piece begins, in bytes."""


class JobRunner(Protocol):
    """Runs jobs. Every call raises StateNotUsable, and NotFound for a job that it has never started."""

    def start(self, order: JobOrder) -> Job:
        """Start what is ordered; a second call starts a second job."""

    def look(self, job_id: int | None = None) -> Sequence[Job]:
        """The job of that id, or all of them, oldest first. Can be repeated."""

    def cancel(self, job_id: int, by: str) -> Job:
        """Ask a job to end, and return without waiting; one that has ended is left as it is. Can be repeated."""

    def read_log(self, job_id: int, offset: int = 0, *, output: bool = False) -> JobLog:
        """What it has logged from byte `offset` on, or put out as its result. Can be repeated."""
