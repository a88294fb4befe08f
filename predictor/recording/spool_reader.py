"""The delivery process's end of the spool (spool_folder.py)."""

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from predictor.log_lines import LOG
from predictor.recording.chunk import MAGIC, Chunk, ChunkDamaged
from predictor.recording.record_directory import sync_directory
from predictor.recording.record_sink import BATCH_BYTES, BATCH_RECORDS
from predictor.recording.spool_folder import (
    Delivered,
    Place,
    find_segments,
    read_frame,
    segment_path,
    written_bytes,
)


class SpooledBatch(NamedTuple):
    """Chunks from the spool, and where the next ones are."""

    chunks: list[Chunk]
    lost: int
    """Records between them that nobody can read, because something else damaged the file; as far as that is known."""
    end: Place


class SpoolReader:
    """Reads the spool in the folder `path`, from where the sink has come to. For one process and one thread.

    Any call raises OSError when the disk does. Raises ValueError for a folder of others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._delivered = Delivered.read(path)
        self._synced = 0

    def waiting_bytes(self) -> int:
        """About what is there and not delivered: never less."""
        place = self._delivered.place
        sizes = find_segments(self._path)
        later = sum(size for number, size in sizes.items() if number > place.segment and self._has_begun(number))
        return later + max(sizes.get(place.segment, 0) - place.offset, 0)

    def read(self, most_bytes: int = BATCH_BYTES) -> SpooledBatch | None:
        """The oldest chunks that the sink does not have, until they have so much; None where it has everything."""
        place = self._delivered.place
        segments = [number for number in find_segments(self._path) if number >= place.segment]
        for number in segments:
            offset = place.offset if number == place.segment else 0
            # whatever begins a segment has written all of the one before
            is_ended = any(self._has_begun(later) for later in segments if later > number)
            batch = self._read(number, offset, most_bytes, is_ended=is_ended)
            if batch.chunks or batch.lost:
                return batch
        return None

    def advance(self, batch: SpooledBatch, written: int) -> None:
        """The sink has everything up to the end of `batch`, which was so many records."""
        before = self._delivered
        records = sum(len(chunk.requests) for chunk in batch.chunks)
        lost = before.lost + batch.lost + records - written
        delivered = Delivered(*batch.end, before.written + written, lost)
        delivered.write(self._path)
        self._delivered = delivered

    def sync(self) -> None:
        """What was written and is not delivered stays if the machine ends."""
        first = max(self._delivered.place.segment, self._synced)
        begun = [number for number in find_segments(self._path) if number >= first and self._has_begun(number)]
        for number in begun:
            with segment_path(self._path, number).open("rb", buffering=0) as file:
                os.fdatasync(file.fileno())
            self._synced = number
        sync_directory(self._path)

    def remove_delivered(self) -> None:
        """Remove what is delivered whole, as its writer is gone; later segments may be another writer's already."""
        place = self._delivered.place
        for number in find_segments(self._path):
            is_read = number == place.segment and written_bytes(self._path, number) <= place.offset
            if number < place.segment or is_read:
                segment_path(self._path, number).unlink(missing_ok=True)

    def _has_begun(self, number: int) -> bool:
        try:
            with segment_path(self._path, number).open("rb", buffering=0) as file:
                return read_frame(file.fileno(), number, 0) is not None
        except FileNotFoundError:
            return False
        except ChunkDamaged:  # of what the file had before, or else it is a chunk that something else damaged
            return False

    def _read(self, number: int, offset: int, most_bytes: int, *, is_ended: bool) -> SpooledBatch:
        chunks: list[Chunk] = []
        start, records, lost = offset, 0, 0
        with segment_path(self._path, number).open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            while offset - start < most_bytes:
                try:
                    frame = read_frame(file.fileno(), number, offset)
                except ChunkDamaged:
                    following = _find_chunk(file.fileno(), number, offset + 1, size)
                    if following is None and not is_ended:
                        break
                    logging.getLogger(LOG).error("a chunk of the spool is lost, and nobody knows its size")
                    offset = following or size
                    lost += 1
                    continue
                if frame is None:
                    break
                end = offset + frame.chunk_bytes
                if end > size or (records and records + frame.records > BATCH_RECORDS):
                    break  # the disk lost the end of it, or it is another batch's
                try:
                    chunks.append(Chunk.decode(os.pread(file.fileno(), frame.chunk_bytes, offset)))
                    records += frame.records
                except ChunkDamaged as error:
                    logging.getLogger(LOG).error("%d records of the spool are lost: %s", frame.records, error)
                    lost += frame.records
                offset = end
        return SpooledBatch(chunks, lost, Place(number, offset))


def _find_chunk(file: int, number: int, offset: int, size: int) -> int | None:
    """Where the segment's next chunk may begin."""
    content = os.pread(file, size - offset, offset)
    place = content.find(MAGIC)
    while place >= 0:
        with suppress(ChunkDamaged):
            if read_frame(file, number, offset + place) is not None:
                return offset + place
        place = content.find(MAGIC, place + 1)
    return None
