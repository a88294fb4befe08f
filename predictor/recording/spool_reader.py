"""The delivery process's end of the spool (spool_folder.py)."""

import logging
import os
from pathlib import Path
from typing import NamedTuple

from predictor.log_lines import LOG
from predictor.recording.chunk import FRAME_BYTES, MAGIC, Chunk, ChunkDamaged, Frame
from predictor.recording.record_sink import BATCH_BYTES, BATCH_RECORDS
from predictor.recording.spool_folder import Delivered, Place, find_segments, segment_path


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

    def waiting_bytes(self) -> int:
        """What is there and not delivered."""
        place = self._delivered.place
        sizes = find_segments(self._path)
        return sum(size for number, size in sizes.items() if number >= place.segment) - (
            place.offset if place.segment in sizes else 0
        )

    def read(self) -> SpooledBatch | None:
        """The oldest chunks that the sink does not have; None where it has everything."""
        segments = list(find_segments(self._path))
        for number in segments:
            is_ended = number < segments[-1]  # whatever begins a segment has written all of the one before
            place = self._delivered.place
            if number >= place.segment:
                offset = place.offset if number == place.segment else 0
                batch = self._read(number, offset, is_ended=is_ended)
                if batch.chunks or batch.lost:
                    return batch
            if is_ended:  # and delivered, or what its writer died at, and never had in the spool
                segment_path(self._path, number).unlink(missing_ok=True)
        return None

    def advance(self, batch: SpooledBatch, written: int) -> None:
        """The sink has everything up to the end of `batch`, which was so many records."""
        before = self._delivered
        records = sum(len(chunk.requests) for chunk in batch.chunks)
        lost = before.lost + batch.lost + records - written
        delivered = Delivered(*batch.end, before.written + written, lost)
        delivered.write(self._path)
        self._delivered = delivered

    def remove_delivered(self) -> None:
        """Remove what is delivered whole, also the last segment, to which nobody writes any more."""
        for number, size in find_segments(self._path).items():
            if Place(number, size) <= self._delivered.place:
                segment_path(self._path, number).unlink(missing_ok=True)

    def _read(self, number: int, offset: int, *, is_ended: bool) -> SpooledBatch:
        chunks: list[Chunk] = []
        start, records, lost = offset, 0, 0
        with segment_path(self._path, number).open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            while size - offset >= FRAME_BYTES and offset - start < BATCH_BYTES:
                try:
                    frame = Frame.read(os.pread(file.fileno(), FRAME_BYTES, offset))
                except ChunkDamaged:
                    following = _find_chunk(file.fileno(), offset + 1, size)
                    if following is None and not is_ended:
                        break
                    logging.getLogger(LOG).error("a chunk of the spool is lost, and nobody knows its size")
                    offset = following or size
                    lost += 1
                    continue
                end = offset + frame.chunk_bytes
                if end > size or (records and records + frame.records > BATCH_RECORDS):
                    break  # it is not written wholly yet, or never was
                try:
                    chunks.append(Chunk.decode(os.pread(file.fileno(), frame.chunk_bytes, offset)))
                    records += frame.records
                except ChunkDamaged as error:
                    logging.getLogger(LOG).error("%d records of the spool are lost: %s", frame.records, error)
                    lost += frame.records
                offset = end
        return SpooledBatch(chunks, lost, Place(number, offset))


def _find_chunk(file: int, offset: int, size: int) -> int | None:
    """Where the next chunk may begin."""
    found = os.pread(file, size - offset, offset).find(MAGIC)
    return offset + found if found >= 0 else None
