"""The disk below a store or a fetch: new files that are really there once they are sealed, and errors with a name."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from content_store.errors import DiskFull, DiskRefuses

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def explaining_disk_errors(where: Path) -> Iterator[None]:
    """Raises DiskFull or DiskRefuses in place of an OSError; `where` is what a person knows the place by."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(f"{where}: no space is left on the disk") from error
        raise DiskRefuses(f"{where}: the disk refuses: {error.strerror or error}") from error


class NewFile:
    """A file that is written once. OSError is for the caller to explain."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")

    def write(self, chunk: bytes | memoryview) -> None:
        """Append."""
        self._file.write(chunk)

    def seal(self) -> None:
        """Flush it to the disk and make it read-only."""
        self._file.flush()
        os.fsync(self._file.fileno())
        os.fchmod(self._file.fileno(), 0o444)
        self._file.close()

    def close(self) -> None:
        """Give it up. Can be repeated, also after sealing."""
        try:
            self._file.close()
        except OSError:  # what could not be flushed is given up, too; the descriptor is closed all the same
            return


def flush_directory(path: Path) -> None:
    """Let a rename inside of `path` survive a crash of the machine."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
