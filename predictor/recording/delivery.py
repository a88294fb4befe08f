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
from predictor.recording.record_sink import RecordSink
from predictor.recording.spool_reader import SpoolReader

_LOWEST = 19  # of nice(2), which on Linux is a thread's


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

    def run(self, wakes: int) -> None:
        """Deliver what there is whenever something comes over the file `wakes`; return behind its end.

        Then nobody writes any more: what is left is delivered, unless the sink does not take it.
        """
        is_ended = False
        with ThreadPoolExecutor(1, "patient", lambda: os.nice(_LOWEST)) as patient:
            while True:
                has_failed = not self._deliver_all(patient)
                if is_ended:
                    return
                is_ended = _wait(wakes, self._retry_seconds if has_failed else None)

    def deliver(self) -> bool:
        """Bring the sink the next batch; whether there was one. Raises whatever keeps sink or spool from it."""
        batch = self._spool.read()
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
            while self.deliver() if self._is_urgent() else patient.submit(self.deliver).result():
                self._end_trouble()
        except Exception as error:
            self._begin_trouble(error)
            return False
        return True

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


def _wait(wakes: int, pause_seconds: float | None) -> bool:
    """Wait for something to come, or for the whole pause; whether the file has ended."""
    ends = time.monotonic() + (pause_seconds or 0)
    while True:
        left = max(ends - time.monotonic(), 0) if pause_seconds is not None else None
        is_told, _, _ = select.select([wakes], [], [], left)
        if not is_told:
            return False
        if not os.read(wakes, 65_536):
            return True
        if pause_seconds is None:
            return False
