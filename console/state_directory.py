"""Where a console keeps what it keeps, and the lock that keeps a second one out.

data/            parts of the data set, and which holdout is pinned
store/           bundles and holdouts by digest, in the layout of `assay store run`
experiments/     a document an experiment
deployments/     a document a deployment
rollouts/        as `assay promote --out` has it
gateway/         as `assay split run --gateway` has it
jobs/            a folder a job
spool/           predictions that the database of records has not taken yet
tracking.db      the tracking store of experiments, and their files beside it, where no other is set
records.db       the database of records, where no other is set
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.errors import StateNotUsable


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """The places in `path`, which is absolute: jobs are told of them."""

    path: Path

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Be the one console of this directory, made where it is missing. Raises StateNotUsable."""
        lock_path = self.path / "lock"
        try:
            self.uploads.mkdir(parents=True, exist_ok=True)
            lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StateNotUsable(f"{self.path} cannot be written: {error.strerror}") from error
        try:
            _lock(lock, self.path)
            self._sweep_uploads()
            yield
        finally:
            os.close(lock)

    @property
    def uploads(self) -> Path:
        """Files that are arriving; what a crash left is swept away at the next start."""
        return self.path / "uploads"

    def _sweep_uploads(self) -> None:
        for left in self.uploads.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _lock(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(lock, 20).decode(errors="replace") or "unknown"
        raise StateNotUsable(f"{path}: another console has it (pid {holder}); choose another with --state") from error
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
