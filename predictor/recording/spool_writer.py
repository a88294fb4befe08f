"""The serving process's end of the spool (spool_folder.py)."""

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path

from predictor.errors import SettingsError
from predictor.log_lines import LOG
from predictor.recording.chunk import FRAME_BYTES, ChunkDamaged, EncodedChunk, Frame
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
_AHEAD = 4  # segments at hand at most
# At once, so that the kernel keeps it as large pages: to write there takes a third of the time.
_ROOM = memoryview(bytes(2**18))


class SpoolWriter:
    """Writes the spool in the folder `path`, which is this process's alone and may have about `limit_bytes`.

    Used by one thread; but `append` may be called by many, one at a time. Any call raises OSError when the disk does.
    Raises SettingsError for a folder of others.
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
        self._writing = self._opened = max(self.delivered.segment, *self._sizes, 0)
        self._file: int | None = None
        self._ahead: deque[int] = deque()
        self._opening = threading.Lock()
        self._room = 0
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

    @property
    def lacks_segment(self) -> bool:
        """Whether it is time to prepare the next one."""
        return not self._ahead and (self._file is None or self._sizes[self._writing] > self._segment_bytes // 4)

    def prepare(self) -> None:
        """Have the next segments at hand before this one is full: some that cost nothing, or one that is new."""
        while len(self._ahead) < _AHEAD and (self._spare or self.lacks_segment):
            with self._opening:
                self._open_next()

    def append(self, chunks: Sequence[EncodedChunk], *, at_once: bool = False) -> int:
        """Write the chunks in their order, as many as the disk takes; how many. OSError for none.

        What is to be written `at_once` is so only as far as no file has to be made, which may take a while.
        """
        taken = 0
        while taken < len(chunks):
            left = chunks[taken:] if taken else chunks
            try:
                if fitting := self._fitting(left):
                    taken += self._write(fitting)
                elif self._ahead or not at_once:
                    self._begin_next()
                else:
                    break
            except OSError:
                if not taken:
                    raise
                break
        return taken

    def close(self) -> None:
        """Let go of the files; those that were never begun are removed. Can be repeated."""
        while self._ahead:
            os.close(self._ahead.pop())
            segment_path(self.path, self._opened).unlink(missing_ok=True)
            self._opened -= 1
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _fitting(self, chunks: Sequence[EncodedChunk]) -> Sequence[EncodedChunk]:
        """The first ones that go into the segment together; one that is larger than any has a segment of its own.

        Raises OSError where the first one goes into no segment.
        """
        left = self._limit_bytes - sum(self._sizes.values())
        if chunks[0].size > left:
            text = f"the spool has {self._limit_bytes - left} bytes, and may have {self._limit_bytes}"
            raise OSError(ENOSPC, text)
        before = self._sizes[self._writing] if self._file is not None else self._segment_bytes
        room, size, pieces = min(left, self._segment_bytes - before), 0, 0
        for count, chunk in enumerate(chunks):
            size, pieces = size + chunk.size, pieces + len(chunk.pieces) + 1
            if size > room or pieces > _MOST_PIECES:
                return chunks[: max(count, not before)]
        return chunks

    def _open_next(self) -> None:
        """Have one more segment at hand: the file of one that is delivered, where there is one.

        To write over what the file had is several times faster than to have the disk and the memory find room.
        """
        path = segment_path(self.path, self._opened + 1)
        if self._spare:
            with suppress(FileNotFoundError):  # a delivery process of before us has removed it
                segment_path(self.path, self._spare.pop()).rename(path)
        self._ahead.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640))
        self._opened += 1

    def _begin_next(self) -> None:
        if not self._ahead:
            with self._opening:  # where another one is at it, wait: that is done in a moment
                if not self._ahead:
                    self._open_next()
        if self._file is not None:
            os.close(self._file)
        self._file = self._ahead.popleft()
        self._writing += 1
        self._room = os.fstat(self._file).st_size
        self._sizes[self._writing] = 0

    def _write(self, chunks: Sequence[EncodedChunk]) -> int:
        """How many whole chunks the disk took; nothing of another one stays. Raises OSError where it took none."""
        if self._file is None:
            raise RuntimeError("no segment has begun")
        first, *others = chunks
        begin = self._sizes[self._writing]
        end = begin + sum([chunk.size for chunk in chunks])
        pieces = [*first.pieces]
        for chunk in others:
            pieces += chunk.frame.write(self._writing), *chunk.pieces
        # Whole pages, so that the disk need not be read; and where the next frame will be there is none.
        padding = -end % _PAGE_BYTES
        pieces.append(_NOTHING[: padding if padding >= FRAME_BYTES else padding + _PAGE_BYTES])
        if self._room < (behind := end + len(pieces[-1])):
            self._make_room(self._file, behind)
        written = begin + FRAME_BYTES + os.pwritev(self._file, pieces, begin + FRAME_BYTES)
        count = len(chunks)
        if written < end + FRAME_BYTES:
            count, end = _whole(chunks, begin, written)
            os.ftruncate(self._file, end)
            self._room = end
            if not count:
                raise OSError(ENOSPC, f"{segment_path(self.path, self._writing)} took a part of a chunk only")
        # The first frame comes last: whoever reads there sees everything behind it, or nothing.
        os.pwrite(self._file, first.frame.write(self._writing), begin)
        self._sizes[self._writing] = end
        return count

    def _make_room(self, file: int, end: int) -> None:
        """Have a file that is not written over as long as that. A disk that is full says so when it is written to."""
        with suppress(OSError):
            while self._room < end:
                most = max(self._segment_bytes, end) - self._room
                self._room += os.pwrite(file, _ROOM[: min(len(_ROOM) - self._room % len(_ROOM), most)], self._room)

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
