"""Brings records to the sink, or to the spool while the sink is away, and says once that something is wrong."""

import logging
import time
from collections.abc import Sequence

from predictor.log_lines import LOG
from predictor.recording.metrics import RecorderMetrics
from predictor.recording.record import Record
from predictor.recording.record_sink import RecordSink
from predictor.recording.spool import Spool


class Delivery:
    """The way to `sink`, over `spool` if need be; used by one thread.

    A sink that failed is tried again every `retry_seconds`.
    """

    def __init__(
        self, sink: RecordSink, spool: Spool | None, metrics: RecorderMetrics, *, retry_seconds: float
    ) -> None:
        self._sink = sink
        self._spool = spool
        self._metrics = metrics
        self._retry_seconds = retry_seconds
        self._next_try = 0.0
        self._troubles: set[str] = set()

    def deliver(self, records: Sequence[Record]) -> bool:
        """Whether the sink or the spool has the records now."""
        is_next = self._spool is None or self._spool.is_empty
        return (is_next and self._write(records)) or self._put_by(records)

    def catch_up(self) -> bool:
        """Bring the sink a batch from the spool; whether there was one, and it was taken."""
        if self._spool is None or self._spool.is_empty or time.monotonic() < self._next_try:
            return False
        try:
            batch = self._spool.read()
            if not self._write(batch.records):
                return False
            self._spool.advance(batch.end)
        except OSError as error:
            self._sink.close()  # the batch comes again, as after a crash
            self._begin_trouble("the spool", error)
            return False
        if batch.unreadable:
            self._metrics.dropped.inc(batch.unreadable)
            logging.getLogger(LOG).error("%d lines of the spool are no records: they are lost", batch.unreadable)
        return True

    def hurry(self) -> None:
        """Try the sink at once, even if it failed just now."""
        self._next_try = 0.0

    def _write(self, records: Sequence[Record]) -> bool:
        if time.monotonic() < self._next_try:
            return False
        try:
            self._sink.write(records)
        except Exception as error:
            self._next_try = time.monotonic() + self._retry_seconds
            self._begin_trouble("the sink", error)
            return False
        self._end_trouble("the sink")
        self._metrics.written.inc(len(records))
        return True

    def _put_by(self, records: Sequence[Record]) -> bool:
        if self._spool is None:
            return False
        try:
            self._spool.append(records)
        except OSError as error:
            self._begin_trouble("the spool", error)
            return False
        self._end_trouble("the spool")
        self._metrics.spooled.inc(len(records))
        return True

    def _begin_trouble(self, who: str, error: Exception) -> None:
        if who not in self._troubles:
            self._troubles.add(who)
            said = f"{type(error).__name__}: {error}".partition("\n")[0]
            logging.getLogger(LOG).warning("%s of predictions takes nothing: %s", who, said)

    def _end_trouble(self, who: str) -> None:
        if who in self._troubles:
            self._troubles.remove(who)
            logging.getLogger(LOG).info("%s of predictions takes records again", who)
