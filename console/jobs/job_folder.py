"""What is kept of each job, wherever it runs: a folder with its order, how it ended, and what it has written.

order.json       what was to run
cancel.json      who wants it to end
log, output      what it has logged, and put out as its result
end.json         how it ended
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from console.documents import Documents
from console.errors import NotFound, StateNotUsable
from console.jobs.job import Job, JobLimits, JobLog, JobOrder, JobState
from console.moments import now

LOG_PIECE_BYTES = 256 * 1024
_TAIL_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Started:
    """order.json."""

    kind: str
    subject: str
    command: list[str]
    arguments: list[str]
    environment: dict[str, str]
    limits: JobLimits
    stop_seconds: float
    started_at: str


@dataclass(frozen=True, slots=True)
class Ended:
    """end.json."""

    state: JobState
    exit_code: int | None
    because: str
    at: str


STARTED = Documents(TypeAdapter(Started))
ENDED = Documents(TypeAdapter(Ended))
CANCEL = Documents(TypeAdapter(dict[str, str]))


@dataclass(frozen=True, slots=True)
class JobFolders:
    """The folders in `directory`, called by the numbers of their jobs."""

    directory: Path

    def make(self) -> Path:
        """One for the next job. Raises StateNotUsable."""
        number = max((int(folder.name) for folder in self.all()), default=0) + 1
        folder = self.directory / f"{number:06d}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise StateNotUsable(f"{folder} cannot be made: {error.strerror}") from error
        return folder

    def all(self) -> list[Path]:
        """All of them, oldest first."""
        return sorted(path for path in self.directory.glob("*") if path.name.isdecimal())

    def find(self, job_id: int) -> Path:
        """That of a job. Raises NotFound."""
        folder = self.directory / f"{job_id:06d}"
        if not (folder / "order.json").exists():
            raise NotFound(f"there is no job {job_id}")
        return folder

    def choose(self, job_id: int | None) -> list[Path]:
        """That of a job, or all whose order is written. Raises NotFound."""
        if job_id is not None:
            return [self.find(job_id)]
        return [folder for folder in self.all() if (folder / "order.json").exists()]


def start_of(order: JobOrder, command: list[str]) -> Started:
    """What is kept of `order`, which runs as `command`, from now."""
    return Started(
        kind=order.kind,
        subject=order.subject,
        command=command,
        arguments=list(order.arguments),
        environment=dict(order.environment),
        limits=order.limits,
        stop_seconds=order.stop_seconds,
        started_at=now(),
    )


def read_started(folder: Path) -> Started:
    """What was ordered. Raises NotFound, StateNotUsable."""
    started = STARTED.read(folder / "order.json")
    if started is None:
        raise NotFound(f"there is no job {folder.name}")
    return started


def job_of(folder: Path, started: Started, ended: Ended | None, progress: str) -> Job:
    """The job as it stands; None: it runs."""
    values: dict[str, Any] = {"state": JobState.RUNNING}
    if ended is not None:
        values = {"state": ended.state, "exit_code": ended.exit_code, "because": ended.because}
        values["ended_at"] = ended.at or None
    known = asdict(started) | {"limits": started.limits, "arguments": tuple(started.arguments)}
    order = {name: known[name] for name in JobOrder.__dataclass_fields__}
    return Job(
        job_id=int(folder.name),
        order=TypeAdapter(JobOrder).validate_python(order),
        started_at=started.started_at,
        progress=progress,
        **values,
    )


def read_piece(path: Path, offset: int) -> JobLog:
    """What is in a file from byte `offset` on, at most LOG_PIECE_BYTES. Raises StateNotUsable."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            piece = file.read(LOG_PIECE_BYTES)
    except FileNotFoundError:  # it has not written yet
        return JobLog("", offset)
    except OSError as error:
        raise StateNotUsable(f"{path} cannot be read: {error.strerror}") from error
    return JobLog(piece.decode(errors="replace"), offset + len(piece))


def read_last_line(path: Path) -> str:
    """The newest line of a log; empty before the first."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return last_line(file.read())
    except OSError:
        return ""


def last_line(log: bytes) -> str:
    """The newest line of what was logged."""
    lines = log.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("assay: ") if lines else ""


def parse_output(log: JobLog) -> dict[str, Any]:
    """The JSON document that a job put out. Raises StateNotUsable."""
    try:
        found: dict[str, Any] = orjson.loads(log.text)
    except orjson.JSONDecodeError as error:
        raise StateNotUsable(f"a job's result is no JSON document: {log.text[:100]!r}") from error
    return found
