"""Which part of a directory is this process's: several workers share one, and a new process goes on where one died.

Each has a folder of its own, `worker-0` and so on, which is its as long as it holds the lock in there. The kernel takes
the lock away from a process however it ends.
"""

import fcntl
import os
from itertools import count
from pathlib import Path

from predictor.errors import SettingsError

_LOCK_NAME = "lock"
_READ_WRITE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


class RecordDirectory:
    """The first folder below `parent` that no living process has; made where it is missing. Raises SettingsError."""

    def __init__(self, parent: Path) -> None:
        try:
            for number in count():
                self.path = parent / f"worker-{number}"
                self.path.mkdir(parents=True, exist_ok=True)
                self._lock = os.open(self.path / _LOCK_NAME, _READ_WRITE, 0o600)
                try:
                    fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(self._lock)
                else:
                    return
        except OSError as error:
            raise SettingsError(f"predictions cannot be recorded in {parent}: {error.strerror}") from error

    def close(self) -> None:
        """Give it back."""
        os.close(self._lock)


def sync_directory(path: Path) -> None:
    """What was made, renamed or removed in `path` stays so after a crash of the machine. Raises OSError."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
