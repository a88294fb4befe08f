"""Rollout records on one machine's disk: a directory, a file a rollout, replaced by an atomic rename."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bundle.one_line import explain_first
from promotion.rollout.record import RolloutRecord, record_from_json, record_to_json
from promotion.rollout.rollout_store import RolloutError, RolloutNotUsable, RolloutUnderWay


@dataclass(frozen=True, slots=True)
class FileRolloutStore:
    """Keeps `rollout-0001.json` and so on in `directory`, which is made when it is missing."""

    directory: Path

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the directory's lock, which ends with this process however it ends.

        Raises RolloutUnderWay, and RolloutError when the directory cannot be written.
        """
        try:
            lock = self._open_lock()
        except OSError as error:
            raise RolloutError(f"{self.directory} cannot be written: {error.strerror}") from error
        try:
            yield
        finally:
            os.close(lock)

    def read_newest(self) -> RolloutRecord | None:
        """The record with the highest number."""
        paths = self._paths()
        return _read(paths[-1]) if paths else None

    def read_kept(self) -> Sequence[RolloutRecord]:
        """All of them: nothing is ever removed."""
        return [_read(path) for path in self._paths()]

    def save(self, record: RolloutRecord) -> None:
        """Write beside, flush to the disk, rename."""
        path = self.path_of(record)
        draft = path.with_suffix(".writing")
        try:
            with draft.open("wb") as file:
                file.write(record_to_json(record))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise RolloutError(f"{path} cannot be written: {error.strerror}") from error

    def path_of(self, record: RolloutRecord) -> Path:
        """Where `record` is kept."""
        return self.directory / f"rollout-{record.rollout_id:04d}.json"

    def _paths(self) -> list[Path]:
        return sorted(self.directory.glob("rollout-*.json"), key=lambda path: (len(path.name), path.name))

    def _open_lock(self) -> int:
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(lock, 0)
            os.write(lock, str(os.getpid()).encode())
        except BlockingIOError as error:
            holder = os.read(lock, 20).decode(errors="replace") or "unknown"
            os.close(lock)
            raise RolloutUnderWay(f"{self.directory}: a rollout is under way (pid {holder})") from error
        except OSError:
            os.close(lock)
            raise
        return lock


def _read(path: Path) -> RolloutRecord:
    try:
        return record_from_json(path.read_bytes())
    except OSError as error:
        raise RolloutNotUsable(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise RolloutNotUsable(f"{path}: not a rollout's record: {explain_first(error)}") from error
