"""The serving process's end of the spool (spool_folder.py)."""

import logging
import os
import threading
from collections.abc import Sequence
from errno import ENOSPC
from pathlib import Path

from predictor.errors import SettingsError
from predictor.log_lines import LOG
from predictor.recording.chunk import FRAME_BYTES, ChunkDamaged, EncodedChunk, Frame
from predictor.recording.record_directory import sync_directory
from predictor.recording.spool_folder import SEGMENTS, Delivered, Place, find_segments, segment_path

_MOST_PIECES = 1024  # in one call of writev


class SpoolWriter:
    """Appends to the spool in the folder `path`, which is this process's alone and may have `limit_bytes`.

    Used by one thread, but for `sync`, which another one may call. Any call raises OSError when the disk does. Raises
    SettingsError for a folder of others.
    """

    def __init__(self, path: Path, *, limit_bytes: int) -> None:
        self.path = path
        self._limit_bytes = limit_bytes
        try:
            self.delivered = Delivered.read(path)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        if of_before := sorted(path.glob("*.jsonl")):
            logging.getLogger(LOG).warning("%s is of an older version and is not read, like all in it", of_before[0])
        self._sizes = find_segments(path)
        self._writing = max(self.delivered.segment, *self._sizes, 0) + 1
        self._file: int | None = None
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
        later = [number for number, size in self._sizes.items() if Place(number, size) > place]
        if not later:
            return None
        offset = place.offset if later[0] == place.segment else 0
        try:
            with segment_path(self.path, later[0]).open("rb") as segment:
                return Frame.read(os.pread(segment.fileno(), FRAME_BYTES, offset)).time_ns
        except (OSError, ChunkDamaged):
            return None

    def append(self, chunks: Sequence[EncodedChunk]) -> int:
        """Write the chunks in their order, as many as the disk takes; how many, not synced yet. OSError for none."""
        taken = 0
        while taken < len(chunks):
            try:
                taken += self._write(self._fitting(chunks[taken:]))
            except OSError:
                if not taken:
                    raise
                break
        return taken

    def sync(self) -> None:
        """What was appended stays if the machine ends. Appending goes on meanwhile."""
        with self._file_lock:
            file = os.dup(self._file) if self._file is not None else None
        if file is not None:
            try:
                os.fdatasync(file)
            finally:
                os.close(file)

    def close(self) -> None:
        """Let go of the file. Can be repeated."""
        with self._file_lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _fitting(self, chunks: Sequence[EncodedChunk]) -> Sequence[EncodedChunk]:
        """The first ones, at least one, that go into the segment together; a new one is begun where none does."""
        segment_bytes = self._limit_bytes // SEGMENTS
        before = self._sizes.get(self._writing, 0)
        if before and before + chunks[0].size > segment_bytes:
            self.sync()
            self.close()
            self._writing += 1
            before = 0
        has = sum(self._sizes.values())
        if has + chunks[0].size > self._limit_bytes:
            raise OSError(ENOSPC, f"the spool has {has} bytes, and may have {self._limit_bytes}")
        room = min(self._limit_bytes - has, segment_bytes - before)
        size, pieces = 0, 0
        for count, chunk in enumerate(chunks):
            size, pieces = size + chunk.size, pieces + len(chunk.pieces)
            if count and (size > room or pieces > _MOST_PIECES):
                return chunks[:count]
        return chunks

    def _write(self, chunks: Sequence[EncodedChunk]) -> int:
        """How many whole chunks the disk took; nothing of another one stays. Raises OSError where it took none."""
        if self._file is None:
            path = segment_path(self.path, self._writing)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
            sync_directory(self.path)
        before = self._sizes.get(self._writing, 0)
        written = os.writev(self._file, [piece for chunk in chunks for piece in chunk.pieces])
        whole, count = 0, 0
        for chunk in chunks:
            if whole + chunk.size > written:
                os.ftruncate(self._file, before + whole)  # whoever reads there waits for the rest of it
                break
            whole, count = whole + chunk.size, count + 1
        if not count:
            raise OSError(ENOSPC, f"{segment_path(self.path, self._writing)} took a part of a chunk only")
        self._sizes[self._writing] = before + whole
        return count

    def _forget(self) -> None:
        """What is delivered whole, and removed or about to be."""
        for number, size in list(self._sizes.items()):
            if number != self._writing and Place(number, size) <= self.delivered.place:
                del self._sizes[number]
