"""The spool: the way of all predictions from a serving process to its delivery process, over the disk.

Segments are files of chunks, `<number>.chunks`, never changed once they are written; who comes after a process that
died begins a new one. The serving process writes, the delivery process reads from the first one on. `delivered.json`
says how far the sink has everything, and is all that the two tell one another. The file of a segment that is delivered
becomes that of a later one, which is written over the old chunks: a frame of another segment's number is nothing.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, Self

import orjson

from predictor.recording.chunk import FRAME_BYTES, ChunkDamaged, Frame
from predictor.recording.record_directory import sync_directory

SEGMENTS = 16
"""That share the spool's bytes."""
SPARE_SEGMENTS = SEGMENTS // 2
"""Delivered ones that are kept for later ones at most."""
WATCH_SECONDS = 0.1
"""After the delivery process was told of something new it looks again by itself, so much later."""
_DELIVERED = "delivered.json"
_DELIVERER = "deliverer"


class Place(NamedTuple):
    """Between two chunks."""

    segment: int
    offset: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """How far the sink has everything, and how many records that was since the spool was made."""

    segment: int = 0
    offset: int = 0
    written: int = 0
    lost: int = 0
    """Of chunks that something damaged."""

    @property
    def place(self) -> Place:
        """Where the next chunk is."""
        return Place(self.segment, self.offset)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What was written last; nothing where that is nothing. Raises OSError, and ValueError for a file of others."""
        path = folder / _DELIVERED
        try:
            return cls(**{name: int(value) for name, value in orjson.loads(path.read_bytes()).items()})
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} says no place in the spool; expected segment, offset, written, lost") from error

    def write(self, folder: Path) -> None:
        """For good, or not at all. Raises OSError."""
        new = folder / f"{_DELIVERED}.new"
        with new.open("wb") as file:
            file.write(orjson.dumps(asdict(self)))
            file.flush()
            os.fsync(file.fileno())
        new.rename(folder / _DELIVERED)
        sync_directory(folder)


def segment_path(folder: Path, number: int) -> Path:
    """The file of a segment."""
    return folder / f"{number:08}.chunks"


def find_segments(folder: Path) -> dict[int, int]:
    """The bytes of each segment by number, the oldest first. Raises OSError."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            number, _, ending = entry.name.partition(".")
            if ending == "chunks" and number.isdigit():
                with suppress(FileNotFoundError):  # it has just become a later one
                    found[int(number)] = entry.stat().st_size
    return dict(sorted(found.items()))


def read_frame(file: int, number: int, offset: int) -> Frame | None:
    """The frame there in a segment's file; None where nothing was written. Raises OSError and ChunkDamaged."""
    content = os.pread(file, FRAME_BYTES, offset)
    if len(content) < FRAME_BYTES or not content.strip(b"\0"):
        return None
    frame = Frame.read(content)
    return frame if frame.segment == number else None


def written_bytes(folder: Path, number: int) -> int:
    """Where the chunks of a segment end; where its file does, if something else damaged them. Raises OSError."""
    offset = 0
    with segment_path(folder, number).open("rb", buffering=0) as file:
        try:
            while frame := read_frame(file.fileno(), number, offset):
                offset += frame.chunk_bytes
        except ChunkDamaged:
            return os.fstat(file.fileno()).st_size
    return offset


@contextmanager
def delivering_alone(folder: Path) -> Iterator[None]:
    """Wait until no other process delivers what is in `folder`: one may be at its last batch. Raises OSError."""
    lock = os.open(folder / _DELIVERER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
