"""Records on the disk while the sink is away: written behind the last one, read from the first one.

Segments are files of lines, `<number>.jsonl`, never changed once they are written. `delivered` says up to which byte of
which segment the sink has them. A process that dies leaves at most a last line that is torn, which was never accepted;
whoever opens the spool next begins a new segment and goes on reading where the sink had come to.
"""

import os
from collections.abc import Sequence
from errno import ENOSPC
from pathlib import Path
from typing import NamedTuple

from predictor.errors import SettingsError
from predictor.recording.record import Record
from predictor.recording.record_directory import sync_directory
from predictor.recording.record_sink import BATCH_BYTES, BATCH_RECORDS

_DELIVERED = "delivered"
_SEGMENTS = 16  # that share the spool's bytes


class _Place(NamedTuple):
    segment: int
    offset: int


class SpooledBatch(NamedTuple):
    """Records from the spool, and where the next ones are."""

    records: list[Record]
    unreadable: int
    """Lines between them that are no records, because something else damaged the file."""
    end: _Place


class Spool:
    """The spool in the folder `path`, which is this process's alone; used by one thread.

    Any call raises OSError when the disk does. Raises SettingsError when the folder holds something else.
    """

    def __init__(self, path: Path, *, limit_bytes: int) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._delivered = self._read_delivered()
        found = {int(file.stem): file.stat().st_size for file in path.glob("*.jsonl")}
        self._sizes = dict(sorted(found.items()))
        self._writing = max(self._delivered.segment, *self._sizes, 0) + 1
        self._file: int | None = None
        for segment, size in found.items():
            if _Place(segment, size) <= self._delivered:  # a crash came between the two steps of `advance`
                self._remove(segment)

    @property
    def size_bytes(self) -> int:
        """What the segments take on the disk."""
        return sum(self._sizes.values())

    @property
    def is_empty(self) -> bool:
        """Whether the sink has everything."""
        return not self._sizes

    def append(self, batch: Sequence[Record]) -> None:
        """Keep the records, all of them or none; ENOSPC when there would be too many bytes."""
        content = b"".join(record.content + b"\n" for record in batch)
        if self.size_bytes + len(content) > self._limit_bytes:
            raise OSError(ENOSPC, f"the spool has {self.size_bytes} bytes, and may have {self._limit_bytes}")
        before = self._sizes.get(self._writing, 0)
        if before and before + len(content) > self._limit_bytes // _SEGMENTS:
            self._end_segment()
            before = 0
        if self._file is None:
            self._file = os.open(self._segment(self._writing), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
            sync_directory(self._path)
        try:
            if os.pwrite(self._file, content, before) < len(content):
                raise OSError(ENOSPC, f"{self._segment(self._writing)} took a part of the batch only")
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, before)
            raise
        self._sizes[self._writing] = before + len(content)

    def read(self) -> SpooledBatch:
        """The oldest records that the sink does not have; there are some unless `is_empty`."""
        segment = next(iter(self._sizes))
        offset = self._delivered.offset if segment == self._delivered.segment else 0
        start, records, unreadable = offset, [], 0
        with self._segment(segment).open("rb") as lines:
            lines.seek(start)
            for line in lines:
                offset += len(line)
                try:
                    records.append(Record.parse(line.removesuffix(b"\n")))
                except ValueError:
                    unreadable += line.endswith(b"\n")  # or else it is torn, and was never accepted
                if len(records) == BATCH_RECORDS or offset - start > BATCH_BYTES:
                    break
        return SpooledBatch(records, unreadable, _Place(segment, offset))

    def advance(self, end: _Place) -> None:
        """The sink has everything up to `end`."""
        new = self._path / f"{_DELIVERED}.new"
        with new.open("w") as file:
            file.write(f"{end.segment} {end.offset}\n")
            file.flush()
            os.fsync(file.fileno())
        new.rename(self._path / _DELIVERED)
        sync_directory(self._path)
        self._delivered = end
        if end.offset >= self._sizes[end.segment]:
            if end.segment == self._writing:
                self._end_segment()
            self._remove(end.segment)

    def close(self) -> None:
        """Let go of the files. Can be repeated."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _end_segment(self) -> None:
        self.close()
        self._writing += 1

    def _remove(self, segment: int) -> None:
        self._segment(segment).unlink(missing_ok=True)
        del self._sizes[segment]

    def _segment(self, number: int) -> Path:
        return self._path / f"{number:08}.jsonl"

    def _read_delivered(self) -> _Place:
        path = self._path / _DELIVERED
        try:
            segment, offset = path.read_text().split()
            return _Place(int(segment), int(offset))
        except FileNotFoundError:
            return _Place(0, 0)
        except ValueError as error:
            raise SettingsError(f"{path} says no place in the spool; expected two numbers") from error
