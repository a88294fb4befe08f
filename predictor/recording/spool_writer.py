"""The serving process's end of the spool (spool_folder.py)."""

import logging
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path

from predictor.errors import SettingsError
from predictor.log_lines import LOG
from predictor.recording.chunk import FRAME_BYTES, ChunkDamaged, EncodedChunk, Frame
from predictor.recording.record_directory import sync_directory
from predictor.recording.spool_folder import (
    SEGMENTS,
    SPARE_SEGMENTS,
    Delivered,
    Place,
    find_segments,
    segment_path,
    written_bytes,
)

_MOST_PIECES = 1000  # in one call of pwritev, which takes 1024
_PAGE_BYTES = 4096
_NOTHING = bytes(_PAGE_BYTES + FRAME_BYTES)


class SpoolWriter:
    """Writes the spool in the folder `path`, which is this process's alone and may have about `limit_bytes`.

    Used by one thread; but `sync` may be called by another one, and `append` by many, one at a time; those that are not
    the first one have it write `at_once`. Any call raises OSError when the disk does. Raises SettingsError for a folder
    of others.
    """

    def __init__(self, path: Path, *, limit_bytes: int) -> None:
        self.path = path
        self._limit_bytes = limit_bytes
        self._segment_bytes = limit_bytes // SEGMENTS
        try:
            self.delivered = Delivered.read(path)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        if of_before := sorted(path.glob("*.jsonl")):
            logging.getLogger(LOG).warning("%s is of an older version and is not read, like all in it", of_before[0])
        self._spare: list[int] = []
        self._sizes = {number: written_bytes(path, number) for number in find_segments(path)}
        self._writing = max(self.delivered.segment, *self._sizes, 0)
        self._file: int | None = None
        self._next: int | None = None
        self._ended: list[int] = []
        self._has_new_names = False
        self._file_lock = threading.Lock()
        self._forget()

    @property
    def waiting_bytes(self) -> int:
        """What the sink does not have."""
        begun = self.delivered.offset if self.delivered.segment in self._sizes else 0
        return sum(self._sizes.values()) - begun

    def look(self) -> Delivered:
        """How far the sink has everything by now."""
        self.delivered = Delivered.read(self.path)
        self._forget()
        return self.delivered

    def oldest_time_ns(self) -> int | None:
        """When the first request was answered that the sink does not have; None where it has all, or nobody knows."""
        place = self.delivered.place
        later = [number for number, size in list(self._sizes.items()) if size and Place(number, size) > place]
        if not later:
            return None
        offset = place.offset if later[0] == place.segment else 0
        try:
            with segment_path(self.path, later[0]).open("rb") as segment:
                return Frame.read(os.pread(segment.fileno(), FRAME_BYTES, offset)).time_ns
        except (OSError, ChunkDamaged):
            return None

    def prepare(self) -> None:
        """Have the next segment at hand before this one is full."""
        if self._next is None:
            self._next = self._open(self._writing + 1)

    def append(self, chunks: Sequence[EncodedChunk], *, at_once: bool = False) -> int:
        """Write the chunks in their order, as many as the disk takes; how many, not synced yet. OSError for none.

        What is to be written `at_once` is so only as far as no file has to be made.
        """
        taken = 0
        while taken < len(chunks):
            try:
                if not self._fits(chunks[taken].size):
                    self._check_limit(chunks[taken].size)
                    if self._next is None and at_once:
                        break
                    if self._next is None:
                        self._next = self._open(self._writing + 1)
                    self._begin_next()
                taken += self._write(self._fitting(chunks[taken:]))
            except OSError:
                if not taken:
                    raise
                break
        return taken

    def sync(self) -> None:
        """What was appended stays if the machine ends. Appending goes on meanwhile."""
        with self._file_lock:
            ended, self._ended = self._ended, []
            files = [*ended, *([os.dup(self._file)] if self._file is not None else [])]
            has_new_names, self._has_new_names = self._has_new_names, False
        try:
            for file in files:
                os.fdatasync(file)
            if has_new_names:
                sync_directory(self.path)
        finally:
            for file in files:
                os.close(file)

    def close(self) -> None:
        """Let go of the files; one that was never begun is removed. Can be repeated."""
        with self._file_lock:
            if self._next is not None:
                segment_path(self.path, self._writing + 1).unlink(missing_ok=True)
            for file in (*self._ended, self._file, self._next):
                if file is not None:
                    os.close(file)
            self._ended, self._file, self._next = [], None, None

    def _fits(self, size: int) -> bool:
        """Whether it goes into the segment; one that is larger than any has a segment of its own."""
        if self._file is None:
            return False
        before = self._sizes[self._writing]
        return not before or before + size <= self._segment_bytes

    def _check_limit(self, size: int) -> None:
        has = sum(self._sizes.values())
        if has + size > self._limit_bytes:
            raise OSError(ENOSPC, f"the spool has {has} bytes, and may have {self._limit_bytes}")

    def _fitting(self, chunks: Sequence[EncodedChunk]) -> Sequence[EncodedChunk]:
        """The first ones, at least one, that go into the segment together."""
        self._check_limit(chunks[0].size)
        room = min(self._limit_bytes - sum(self._sizes.values()), self._segment_bytes - self._sizes[self._writing])
        size, pieces = 0, 0
        for count, chunk in enumerate(chunks):
            size, pieces = size + chunk.size, pieces + len(chunk.pieces) + 1
            if count and (size > room or pieces > _MOST_PIECES):
                return chunks[:count]
        return chunks

    def _open(self, number: int) -> int:
        """The file of a segment: that of one that is delivered, where there is one.

        To write over what the file had is several times faster than to have the disk and the memory find room.
        """
        path = segment_path(self.path, number)
        if self._spare:
            with suppress(FileNotFoundError):  # a delivery process of before us has removed it
                segment_path(self.path, self._spare.pop()).rename(path)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        with self._file_lock:
            self._has_new_names = True
        return file

    def _begin_next(self) -> None:
        with self._file_lock:
            if self._file is not None:
                self._ended.append(self._file)
            self._file, self._next = self._next, None
        self._writing += 1
        self._sizes[self._writing] = 0

    def _write(self, chunks: Sequence[EncodedChunk]) -> int:
        """How many whole chunks the disk took; nothing of another one stays. Raises OSError where it took none."""
        if self._file is None:
            raise RuntimeError("no segment has begun")
        first, *others = chunks
        begin = self._sizes[self._writing]
        end = begin + sum(chunk.size for chunk in chunks)
        pieces = [*first.pieces]
        for chunk in others:
            pieces += chunk.write_frame(self._writing), *chunk.pieces
        # Whole pages, so that the disk need not be read; and where the next frame will be there is none.
        padding = -end % _PAGE_BYTES
        pieces.append(_NOTHING[: padding if padding >= FRAME_BYTES else padding + _PAGE_BYTES])
        written = begin + FRAME_BYTES + os.pwritev(self._file, pieces, begin + FRAME_BYTES)
        count = len(chunks)
        if written < end + FRAME_BYTES:
            count, end = _whole(chunks, begin, written)
            os.ftruncate(self._file, end)
            if not count:
                raise OSError(ENOSPC, f"{segment_path(self.path, self._writing)} took a part of a chunk only")
        # The first frame comes last: whoever reads there sees everything behind it, or nothing.
        os.pwrite(self._file, first.write_frame(self._writing), begin)
        self._sizes[self._writing] = end
        return count

    def _forget(self) -> None:
        """What is delivered whole makes room for the next segments."""
        for number in [number for number in list(self._sizes) if number < self.delivered.segment]:
            del self._sizes[number]
            if len(self._spare) < SPARE_SEGMENTS:
                self._spare.append(number)
            else:
                segment_path(self.path, number).unlink(missing_ok=True)


def _whole(chunks: Sequence[EncodedChunk], begin: int, written: int) -> tuple[int, int]:
    """How many of the chunks from `begin` are before `written`, and where they end."""
    count, end = 0, begin
    for chunk in chunks:
        if end + chunk.size > written:
            break
        count, end = count + 1, end + chunk.size
    return count, end
