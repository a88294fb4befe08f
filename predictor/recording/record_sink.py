"""Where records go, as the queue in front of it sees it."""

from collections.abc import Sequence
from typing import Protocol

from predictor.recording.record import Record

BATCH_RECORDS = 512
"""The most that are written at once."""
BATCH_BYTES = 8 * 2**20
"""After these no more records join a batch."""


class RecordSink(Protocol):
    """A place that keeps records, and may be away. Used by one thread."""

    def write(self, batch: Sequence[Record]) -> None:
        """Keep the records for good, in their order: when this returns, no crash takes them away.

        Raises whatever keeps it from that; the same batch then comes again. So does, after a crash, the last batch
        before it: a record whose key is kept already is not kept twice.
        """

    def close(self) -> None:
        """Let go of files and connections. Can be repeated."""
