"""A bounded queue before a sink, and a thread that empties it.

Whoever records only appends: nobody is woken for it, because the thread looks by itself every tenth of a second.
Records reach the sink in the order in which they were recorded, whether they took the way over the spool or not.
"""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack

from predictor.log_lines import LOG
from predictor.recording.delivery import Delivery
from predictor.recording.metrics import RecorderMetrics
from predictor.recording.prediction_recorder import Prediction
from predictor.recording.record import KeptPrediction, Record
from predictor.recording.record_sink import BATCH_BYTES, BATCH_RECORDS, RecordSink
from predictor.recording.recorded_run import RecordedRun
from predictor.recording.spool import Spool

_FLUSH_SECONDS = 0.1
_TURN = 16  # records that become JSON before a request's thread may have its turn


class QueuedRecorder:
    """A PredictionRecorder before `sink`. What waits in memory has `queue_bytes` at most; what comes then is dropped.

    While the sink fails, the records go to `spool`; where there is none, or it is full or fails, too, they stay in the
    queue. Of one prediction about `record_bytes` are kept. With `as_lines` all become lines, also those that never are
    on the disk. `parts` are closed when nobody uses them any more.
    """

    def __init__(
        self,
        sink: RecordSink,
        spool: Spool | None,
        metrics: RecorderMetrics,
        *,
        queue_bytes: int,
        record_bytes: int,
        parts: ExitStack,
        as_lines: bool = True,
        retry_seconds: float = 1.0,
    ) -> None:
        self._delivery = Delivery(sink, spool, metrics, retry_seconds=retry_seconds)
        self._metrics = metrics
        self._queue_bytes = queue_bytes
        self._record_bytes = record_bytes
        self._parts = parts
        self._as_lines = as_lines
        self._lock = threading.Lock()
        self._queue: deque[KeptPrediction | RecordedRun] = deque()
        self._queued_bytes = 0
        self._queued = 0
        self._dropped = 0
        self._held: list[Record] = []
        self._process = uuid.uuid4().hex
        self._number = 0
        self._closing = threading.Event()
        self._close_by = 0.0
        metrics.watch(self._waiting, lambda: spool.size_bytes if spool else 0)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def record(self, prediction: Prediction) -> None:
        """See PredictionRecorder."""
        try:
            kept = KeptPrediction.cut(prediction, self._record_bytes)
        except Exception:
            self._lose("a prediction cannot be recorded")
            return
        self._add(kept, 1)

    def record_run(self, run: RecordedRun) -> None:
        """See PredictionRecorder."""
        for part in [run] if len(run.requests) <= BATCH_RECORDS else run.split(BATCH_RECORDS):
            self._add(part, len(part.requests))

    def _add(self, kept: KeptPrediction | RecordedRun, records: int) -> None:
        size = kept.size_bytes
        with self._lock:
            is_taken = self._queued_bytes + size <= self._queue_bytes and not self._closing.is_set()
            if is_taken:
                self._queue.append(kept)
                self._queued_bytes += size
                self._queued += records
            else:
                is_first = self._dropped == 0
                self._dropped += records
        if not is_taken:
            self._metrics.dropped.inc(records)
            if is_first:
                logging.getLogger(LOG).warning("predictions are not recorded: as many as may wait do")

    def close(self, timeout_seconds: float) -> None:
        """See PredictionRecorder."""
        self._close_by = time.monotonic() + timeout_seconds
        self._closing.set()
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        with self._parts:
            while not self._closing.wait(_FLUSH_SECONDS):
                self._pass_on()
            self._finish()
            if left := self._waiting():
                self._metrics.dropped.inc(left)
                logging.getLogger(LOG).error("the process ends: %d predictions are not recorded", left)

    def _finish(self) -> None:
        while True:
            self._delivery.hurry()
            self._pass_on()
            if not self._waiting() or time.monotonic() >= self._close_by:
                return
            time.sleep(_FLUSH_SECONDS)

    def _waiting(self) -> int:
        return len(self._held) + self._queued

    def _pass_on(self) -> None:
        """Whatever waits, as far as it is taken."""
        is_moving = True
        while is_moving and (not self._closing.is_set() or time.monotonic() < self._close_by):
            is_moving = self._delivery.catch_up()
            self._held = self._held or self._take()
            if self._held and self._delivery.deliver(self._held):
                self._held = []
                is_moving = True

    def _take(self) -> list[Record]:
        """The next batch of the queue."""
        records: list[Record] = []
        size = 0
        while self._queue and len(records) < BATCH_RECORDS and size < BATCH_BYTES:
            with self._lock:
                if len(records) + _count(self._queue[0]) > BATCH_RECORDS:
                    break
                kept = self._queue.popleft()
                self._queued_bytes -= kept.size_bytes
                self._queued -= _count(kept)
            before = len(records)
            for record in self._records_of(kept):
                records.append(record)
                if len(records) % _TURN == 0:
                    time.sleep(0)
            if lost := _count(kept) - (len(records) - before):
                self._metrics.dropped.inc(lost)
            size += kept.size_bytes
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            logging.getLogger(LOG).warning("%d predictions were not recorded: as many as may waited", dropped)
        return records

    def _records_of(self, kept: KeptPrediction | RecordedRun) -> Iterator[Record]:
        """Those that can be made."""
        try:
            if not isinstance(kept, RecordedRun):
                record = kept.to_record(self._next_key())
                yield record.to_line() if self._as_lines else record
            elif self._as_lines:
                yield from kept.to_lines(self._next_key, self._record_bytes)
            else:
                yield from kept.to_records(self._next_key, self._record_bytes)
        except Exception:
            logging.getLogger(LOG).exception("a prediction cannot be written as a record")

    def _next_key(self) -> str:
        self._number += 1
        return f"{self._process}-{self._number}"

    def _lose(self, what: str) -> None:
        self._metrics.dropped.inc()
        logging.getLogger(LOG).exception(what)


def _count(kept: KeptPrediction | RecordedRun) -> int:
    """How many records it becomes."""
    return len(kept.requests) if isinstance(kept, RecordedRun) else 1
