"""Jobs as processes of this machine: a folder each, with a supervisor that watches it (supervisor.py)."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
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
class _Started:
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
class _Ended:
    """end.json."""

    state: JobState
    exit_code: int | None
    because: str
    at: str


_STARTED = Documents(TypeAdapter(_Started))
_ENDED = Documents(TypeAdapter(_Ended))
_CANCEL = Documents(TypeAdapter(dict[str, str]))


@dataclass
class SubprocessJobs:
    """The jobs in `directory`, which `program` (such as `python -m assay`) is run for."""

    directory: Path
    program: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of every job, beside this process's own; it is kept nowhere."""
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def start(self, order: JobOrder) -> Job:
        """As the seam says."""
        with self._lock:
            folder = self._make_folder()
            started = _Started(
                kind=order.kind,
                subject=order.subject,
                command=[*self.program, *order.arguments],
                arguments=list(order.arguments),
                environment=dict(order.environment),
                limits=order.limits,
                stop_seconds=order.stop_seconds,
                started_at=now(),
            )
            try:
                self._spawn(folder, started)
            except OSError as error:
                raise StateNotUsable(f"{folder}: no job can be started: {error.strerror}") from error
        return self._read(folder)

    def look(self, job_id: int | None = None) -> Sequence[Job]:
        """As the seam says."""
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]  # no zombie stays
        if job_id is not None:
            return [self._read(self._folder(job_id))]
        return [self._read(folder) for folder in self._folders() if (folder / "order.json").exists()]

    def cancel(self, job_id: int, by: str) -> Job:
        """As the seam says; the supervisor looks for the wish ten times a second."""
        folder = self._folder(job_id)
        if self._read(folder).state is JobState.RUNNING and not (folder / "cancel.json").exists():
            _CANCEL.write(folder / "cancel.json", {"by": by})
        return self._read(folder)

    def read_log(self, job_id: int, offset: int = 0, *, output: bool = False) -> JobLog:
        """As the seam says; at most LOG_PIECE_BYTES at once."""
        path = self._folder(job_id) / ("output" if output else "log")
        try:
            with path.open("rb") as file:
                file.seek(offset)
                piece = file.read(LOG_PIECE_BYTES)
        except FileNotFoundError:  # it has not written yet
            return JobLog("", offset)
        except OSError as error:
            raise StateNotUsable(f"{path} cannot be read: {error.strerror}") from error
        return JobLog(piece.decode(errors="replace"), offset + len(piece))

    def _spawn(self, folder: Path, started: _Started) -> None:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _STARTED.write(folder / "order.json", started)
            with (folder / "supervisor.log").open("ab") as own_log:
                child = subprocess.Popen(
                    [sys.executable, "-m", "console.jobs.supervisor", str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=own_log,
                    env={**os.environ, **self.environment},
                    pass_fds=[lock],
                    start_new_session=True,
                )
        finally:
            os.close(lock)  # the supervisor has a copy, which the lock lives with
        self._children.append(child)

    def _make_folder(self) -> Path:
        number = max((int(folder.name) for folder in self._folders()), default=0) + 1
        folder = self.directory / f"{number:06d}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise StateNotUsable(f"{folder} cannot be made: {error.strerror}") from error
        return folder

    def _folders(self) -> list[Path]:
        return sorted(path for path in self.directory.glob("*") if path.name.isdecimal())

    def _folder(self, job_id: int) -> Path:
        folder = self.directory / f"{job_id:06d}"
        if not (folder / "order.json").exists():
            raise NotFound(f"there is no job {job_id}")
        return folder

    def _read(self, folder: Path) -> Job:
        started = _STARTED.read(folder / "order.json")
        if started is None:
            raise NotFound(f"there is no job {folder.name}")
        ended = _ENDED.read(folder / "end.json")
        if ended is None and not _is_watched(folder):
            nobody_saw = _Ended(JobState.DIED, None, "nobody saw its end: it, or the machine, was killed", "")
            ended = _ENDED.read(folder / "end.json") or nobody_saw  # it may have ended between the two looks
        values: dict[str, Any] = {"state": JobState.RUNNING}
        if ended is not None:
            values = {"state": ended.state, "exit_code": ended.exit_code, "because": ended.because}
            values["ended_at"] = ended.at or None
        return Job(
            job_id=int(folder.name),
            order=_order_of(started),
            started_at=started.started_at,
            progress=_last_line(folder / "log"),
            **values,
        )


def _order_of(started: _Started) -> JobOrder:
    known = asdict(started) | {"limits": started.limits, "arguments": tuple(started.arguments)}
    return TypeAdapter(JobOrder).validate_python({name: known[name] for name in JobOrder.__dataclass_fields__})


def _is_watched(folder: Path) -> bool:
    """Whether somebody holds the job's lock. Two who look at once do not take each other for the supervisor."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].removeprefix("assay: ") if lines else ""


def parse_output(log: JobLog) -> dict[str, Any]:
    """The JSON document that a job put out. Raises StateNotUsable."""
    try:
        found: dict[str, Any] = orjson.loads(log.text)
    except orjson.JSONDecodeError as error:
        raise StateNotUsable(f"a job's result is no JSON document: {log.text[:100]!r}") from error
    return found
