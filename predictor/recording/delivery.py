"""Brings records from the spool to the sink, in a process that does nothing else, and says once that one fails.

It works at the lowest priority, so that the serving process goes first where they share a core; but at the ordinary one
once the spool is half full, because what does not fit into it is lost.
"""

import logging
import os
import select
import time
from concurrent.futures import ThreadPoolExecutor

from predictor.log_lines import LOG
from predictor.recording.chunk_records import records_of
from predictor.recording.record_sink import BATCH_BYTES, RecordSink
from predictor.recording.spool_folder import WATCH_SECONDS
from predictor.recording.spool_reader import SpoolReader
from predictor.scheduling import let_all_others_first

_PATIENT_BYTES = 2**18
"""After these no more joins a batch that waits for its turn: it is to end before the spool is full."""
_SYNC_SECONDS = 1.0


class Delivery:
    """The way from `spool` to `sink`. Of one prediction about `record_bytes` are kept.

    A sink that failed is tried again after `retry_seconds`. What waits is urgent when it has `urgent_bytes`.
    """

    def __init__(
        self, spool: SpoolReader, sink: RecordSink, *, record_bytes: int, urgent_bytes: int, retry_seconds: float = 1.0
    ) -> None:
        self._spool = spool
        self._sink = sink
        self._record_bytes = record_bytes
        self._urgent_bytes = urgent_bytes
        self._retry_seconds = retry_seconds
        self._trouble = ""
        self._synced_at = 0.0

    def run(self, wakes: int) -> None:
        """Deliver what there is whenever something comes over the file `wakes`; return behind its end.

        Then nobody writes any more: what is left is delivered, unless the sink does not take it.
        """
        is_ended, is_told = False, True
        with ThreadPoolExecutor(1, "patient", let_all_others_first) as patient:
            while True:
                has_failed = not self._deliver_all(patient)
                if is_ended:
                    return
                if has_failed:
                    is_ended, is_told = _pause(wakes, self._retry_seconds), True
                else:
                    heard = _hear(wakes, WATCH_SECONDS if is_told else None)
                    is_ended, is_told = heard == b"", bool(heard)

    def deliver(self, most_bytes: int = BATCH_BYTES) -> bool:
        """Bring the sink the next batch; whether there was one. Raises whatever keeps sink or spool from it."""
        batch = self._spool.read(most_bytes)
        if batch is None:
            return False
        records = [record for chunk in batch.chunks for record in records_of(chunk, self._record_bytes)]
        try:
            if records:
                self._sink.write(records)
            self._spool.advance(batch, len(records))
        except BaseException:
            self._sink.close()  # the batch comes again, as after a crash
            raise
        return True

    def _deliver_all(self, patient: ThreadPoolExecutor) -> bool:
        """Whether that was possible."""
        try:
            while self.deliver() if self._is_urgent() else patient.submit(self.deliver, _PATIENT_BYTES).result():
                self._end_trouble()
                if time.monotonic() > self._synced_at + _SYNC_SECONDS:
                    patient.submit(self._sync).result()
        except Exception as error:
            self._begin_trouble(error)
            patient.submit(self._sync).result()
            return False
        return True

    def _sync(self) -> None:
        """What the sink does not have outlives the machine from now on."""
        self._synced_at = time.monotonic()
        try:
            self._spool.sync()
        except OSError as error:
            self._begin_trouble(error)

    def _is_urgent(self) -> bool:
        return self._spool.waiting_bytes() >= self._urgent_bytes

    def _begin_trouble(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        if not self._trouble:
            logging.getLogger(LOG).warning("the sink of predictions takes nothing: %s", said)
        self._trouble = said

    def _end_trouble(self) -> None:
        if self._trouble:
            self._trouble = ""
            logging.getLogger(LOG).info("the sink of predictions takes records again")


def _pause(wakes: int, seconds: float) -> bool:
    """Whether the file ended meanwhile."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        if _hear(wakes, left) == b"":
            return True
    return False


def _hear(wakes: int, seconds: float | None) -> bytes | None:
    """What comes over the file within so long, or ever; nothing behind its end, None when the time is over."""
    is_told, _, _ = select.select([wakes], [], [], seconds)
    return os.read(wakes, 65_536) if is_told else None
