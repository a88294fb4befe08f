"""Jobs as processes of this machine: a folder each, with a supervisor that watches it (supervisor.py)."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from console.errors import StateNotUsable
from console.jobs.job import Job, JobLog, JobOrder, JobState
from console.jobs.job_folder import (
    CANCEL,
    ENDED,
    STARTED,
    Ended,
    JobFolders,
    Started,
    job_of,
    read_last_line,
    read_piece,
    read_started,
    start_of,
)


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
            folder = self._folders.make()
            try:
                self._spawn(folder, start_of(order, [*self.program, *order.arguments]))
            except OSError as error:
                raise StateNotUsable(f"{folder}: no job can be started: {error.strerror}") from error
        return self._read(folder)

    def look(self, job_id: int | None = None) -> Sequence[Job]:
        """As the seam says."""
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]  # no zombie stays
        return [self._read(folder) for folder in self._folders.choose(job_id)]

    def cancel(self, job_id: int, by: str) -> Job:
        """As the seam says; the supervisor looks for the wish ten times a second."""
        folder = self._folders.find(job_id)
        if self._read(folder).state is JobState.RUNNING and not (folder / "cancel.json").exists():
            CANCEL.write(folder / "cancel.json", {"by": by})
        return self._read(folder)

    def read_log(self, job_id: int, offset: int = 0, *, output: bool = False) -> JobLog:
        """As the seam says; at most LOG_PIECE_BYTES at once."""
        return read_piece(self._folders.find(job_id) / ("output" if output else "log"), offset)

    @property
    def _folders(self) -> JobFolders:
        return JobFolders(self.directory)

    def _spawn(self, folder: Path, started: Started) -> None:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            STARTED.write(folder / "order.json", started)
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

    def _read(self, folder: Path) -> Job:
        started, ended = read_started(folder), ENDED.read(folder / "end.json")
        if ended is None and not _is_watched(folder):
            nobody_saw = Ended(JobState.DIED, None, "nobody saw its end: it, or the machine, was killed", "")
            ended = ENDED.read(folder / "end.json") or nobody_saw  # it may have ended between the two looks
        return job_of(folder, started, ended, read_last_line(folder / "log"))


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
