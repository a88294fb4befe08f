"""Records as files of JSON lines: `predictions.jsonl`, and the older `predictions-<number>.jsonl`, the oldest first.

Each batch is on the disk (fsync) before `write` returns. A file that has reached its size is put aside under the next
number; when there are too many, the oldest one goes.
"""

import os
import re
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from predictor.recording.record import Record
from predictor.recording.record_directory import sync_directory
from predictor.recording.record_sink import BATCH_RECORDS

_FILES = 16  # that share the bytes
_NEWEST = "predictions.jsonl"
_KEY = re.compile(rb'\{"schema":[0-9]+,"key":"([0-9a-z-]+)",')
_NUMBER = re.compile(r"predictions-([0-9]{8,})\.jsonl")


class JsonLinesSink:
    """A RecordSink in the folder `path`, which is this process's alone.

    Its files have about `disk_bytes` together. It opens one with the first batch, and anew after every failure: the
    folder may be away for a while.
    """

    def __init__(self, path: Path, *, disk_bytes: int) -> None:
        self._path = path
        self._file_bytes = disk_bytes // _FILES
        self._file: int | None = None
        self._size = 0
        self._kept_before: frozenset[str] = frozenset()

    def write(self, batch: Sequence[Record]) -> None:
        """See RecordSink. Raises OSError."""
        try:
            file = self._open()
            lines = [record.to_line() + b"\n" for record in batch if record.key not in self._kept_before]
            content = memoryview(b"".join(lines))
            while content:
                written = os.write(file, content)
                content = content[written:]
                self._size += written
            os.fsync(file)
            if self._size >= self._file_bytes:
                self._put_aside()
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """See RecordSink."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        """The file, without what a crash left of a last line; the records at its end may come again."""
        if self._file is None:
            self._path.mkdir(parents=True, exist_ok=True)
            newest = self._path / _NEWEST
            self._file = os.open(newest, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
            self._size, keys = _read_end(newest)
            os.ftruncate(self._file, self._size)
            sync_directory(self._path)
            if not keys and (aside := self._aside()):
                _, keys = _read_end(aside[-1])
            self._kept_before = frozenset(keys)
        return self._file

    def _put_aside(self) -> None:
        aside = self._aside()
        number = 1 + int(_NUMBER.findall(aside[-1].name)[0]) if aside else 1
        (self._path / _NEWEST).rename(self._path / f"predictions-{number:08}.jsonl")
        sync_directory(self._path)
        self.close()
        for oldest in aside[: max(len(aside) + 2 - _FILES, 0)]:  # beside the one just put aside, and the next
            oldest.unlink()

    def _aside(self) -> list[Path]:
        return sorted(path for path in self._path.iterdir() if _NUMBER.fullmatch(path.name))


def _read_end(path: Path) -> tuple[int, deque[str]]:
    """The bytes of all whole lines, and the keys of as many of the last ones as one batch can have."""
    size, keys = 0, deque[str](maxlen=BATCH_RECORDS)
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                size += len(line)
                if found := _KEY.match(line):
                    keys.append(found[1].decode())
    return size, keys
