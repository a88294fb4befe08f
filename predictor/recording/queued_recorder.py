"""A bounded queue before the spool, which whoever records empties at once, or else a thread.

Whoever records writes what waits himself, while it is in the processor's cache: that takes microseconds, and several
times as long in a thread. He does not where another one writes, and for a quarter of a second after a write that took
long; then the thread does, every tenth of a second. All else is the delivery process's. Records reach the sink in the
order in which they were recorded. A second thread has the disk keep what was written: that waits for whatever else is
being written to the disk, for seconds where it is busy, and nothing here may wait for it.
"""

import logging
import threading
import time
import uuid
from collections import deque
from contextlib import ExitStack

from predictor.log_lines import LOG
from predictor.recording.chunk import EncodedChunk
from predictor.recording.delivery_process import DeliveryProcess
from predictor.recording.kept_prediction import KeptPrediction
from predictor.recording.metrics import RecorderMetrics
from predictor.recording.prediction_recorder import Prediction
from predictor.recording.record_sink import BATCH_BYTES, BATCH_RECORDS
from predictor.recording.recorded_run import RecordedRun
from predictor.recording.spool_writer import SpoolWriter

_FLUSH_SECONDS = 0.1
_AT_ONCE_BYTES = 2**20  # after these nothing more of the queue joins a write of who records
_LONG_SECONDS = 0.02
_BUSY_SECONDS = 0.25


class QueuedRecorder:
    """A PredictionRecorder before `spool`, from which `delivery` takes.

    What waits in memory has `queue_bytes` at most; what comes then is dropped. While the spool is full or fails,
    everything waits there. Of one prediction about `record_bytes` are kept. `parts` are closed when nobody uses them
    any more; with `is_temporary` the spool is gone then.
    """

    def __init__(
        self,
        spool: SpoolWriter,
        delivery: DeliveryProcess,
        metrics: RecorderMetrics,
        *,
        queue_bytes: int,
        record_bytes: int,
        parts: ExitStack,
        is_temporary: bool = False,
    ) -> None:
        self._spool = spool
        self._delivery = delivery
        self._metrics = metrics
        self._queue_bytes = queue_bytes
        self._record_bytes = record_bytes
        self._parts = parts
        self._is_temporary = is_temporary
        self._lock = threading.Lock()
        self._queue: deque[KeptPrediction | RecordedRun] = deque()
        self._queued_bytes = 0
        self._queued = 0
        self._dropped = 0
        self._spool_lock = threading.Lock()
        self._busy_until = 0.0
        self._is_new = False
        self._held: deque[tuple[EncodedChunk, int]] = deque()
        self._spooled = 0
        self._counted = spool.delivered
        self._process = uuid.uuid4().hex
        self._number = 0
        self._is_failing = False
        self._closing = threading.Event()
        self._is_written = threading.Event()
        self._close_by = 0.0
        metrics.watch(self._waiting, lambda: spool.waiting_bytes, self._lag_seconds)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()
        threading.Thread(target=self._sync, name="recorder's fsync", daemon=True).start()

    def record(self, prediction: Prediction) -> None:
        """See PredictionRecorder."""
        try:
            kept = KeptPrediction.cut(prediction, self._record_bytes)
        except Exception:
            self._lose(1)
            return
        self._add(kept, 1)
        self._write_at_once()

    def record_run(self, run: RecordedRun) -> None:
        """See PredictionRecorder."""
        for part in [run] if len(run.requests) <= BATCH_RECORDS else run.split(BATCH_RECORDS):
            self._add(part, len(part.requests))
        self._write_at_once()

    def close(self, timeout_seconds: float) -> None:
        """See PredictionRecorder."""
        self._close_by = time.monotonic() + timeout_seconds
        self._closing.set()
        self._thread.join(timeout_seconds)

    def _write_at_once(self) -> None:
        """What waits, if nobody else does and the disk is quick; what is left over is the thread's."""
        begun = time.monotonic()
        if begun < self._busy_until or not self._spool_lock.acquire(blocking=False):
            return
        try:
            if not self._closing.is_set():
                self._hold(_AT_ONCE_BYTES)
                self._append(at_once=True)
        finally:
            self._spool_lock.release()
        if (now := time.monotonic()) > begun + _LONG_SECONDS:
            self._busy_until = now + _BUSY_SECONDS

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

    def _work(self) -> None:
        with self._parts:
            self._prepare()
            while not self._closing.wait(_FLUSH_SECONDS):
                self._pass_on()
                self._delivery.look_after()
                self._count()
                self._prepare()
            with self._spool_lock:
                pass  # who writes at once by now was the last one
            while self._queued and not self._pass_on() and time.monotonic() < self._close_by:
                time.sleep(_FLUSH_SECONDS)
            self._sync_once()
            self._delivery.end(self._close_by - time.monotonic())
            self._count()
            if left := self._left():
                self._metrics.dropped.inc(left)
                logging.getLogger(LOG).error("the process ends: %d predictions are not recorded", left)

    def _pass_on(self) -> bool:
        """Bring the spool whatever waits by now; whether it took everything."""
        until = self._number + self._queued
        is_moving = True
        while is_moving and self._queued and self._number <= until:
            with self._spool_lock:
                self._hold(BATCH_BYTES)
                is_moving = self._append()
        if self._is_new:
            self._is_new = False
            self._is_written.set()
            self._delivery.wake()
        return not self._queued

    def _hold(self, most_bytes: int) -> None:
        """As much of the queue as one write should have, as chunks."""
        size = sum(chunk.size for chunk, _ in self._held)
        while self._queue and size < most_bytes:
            kept = self._queue.popleft()
            records = len(kept.requests) if isinstance(kept, RecordedRun) else 1
            try:
                chunk = kept.to_chunk(self._process, self._number + 1).encode()
            except Exception:
                self._lose(records)
                self._leave_queue(kept.size_bytes, records)
                continue
            self._number += records
            self._held.append((chunk, kept.size_bytes))
            size += chunk.size

    def _append(self, *, at_once: bool = False) -> bool:
        """Whether the spool took something of what is held."""
        if not self._held:
            return False
        try:
            taken = self._spool.append([chunk for chunk, _ in self._held], at_once=at_once)
        except OSError as error:
            self._busy_until = time.monotonic() + _BUSY_SECONDS
            self._say_failing(error)
            return False
        for _ in range(taken):
            chunk, size = self._held.popleft()
            self._is_new = True
            self._spooled += chunk.records
            self._metrics.spooled.inc(chunk.records)
            self._leave_queue(size, chunk.records)
        if taken:
            self._say_working()
        return taken > 0

    def _prepare(self) -> None:
        try:
            self._spool.prepare()
        except OSError as error:
            self._say_failing(error)

    def _sync(self) -> None:
        while not self._closing.is_set():
            if self._is_written.wait(1.0):
                self._is_written.clear()
                self._sync_once()

    def _sync_once(self) -> None:
        try:
            self._spool.sync()
        except OSError as error:
            self._say_failing(error)

    def _leave_queue(self, size: int, records: int) -> None:
        with self._lock:
            self._queued_bytes -= size
            self._queued -= records
            dropped, self._dropped = self._dropped, 0
        if dropped:
            logging.getLogger(LOG).warning("%d predictions were not recorded: as many as may waited", dropped)

    def _count(self) -> None:
        """Count what the delivery process did."""
        try:
            now = self._spool.look()
        except (OSError, ValueError):
            return  # it is about to say so itself
        self._metrics.written.inc(now.written - self._counted.written)
        self._metrics.dropped.inc(now.lost - self._counted.lost)
        self._counted = now

    def _left(self) -> int:
        """What nobody records any more."""
        done = self._counted.written + self._counted.lost
        return self._queued + (self._spooled - done if self._is_temporary else 0)

    def _waiting(self) -> int:
        return self._queued

    def _lag_seconds(self) -> float:
        waits_since = self._spool.oldest_time_ns()
        return 0.0 if waits_since is None else max(time.time_ns() - waits_since, 0) / 1e9

    def _lose(self, records: int) -> None:
        self._metrics.dropped.inc(records)
        logging.getLogger(LOG).exception("a prediction cannot be recorded")

    def _say_failing(self, error: OSError) -> None:
        if not self._is_failing:
            self._is_failing = True
            logging.getLogger(LOG).warning("the spool of predictions takes nothing: %s", error)

    def _say_working(self) -> None:
        if self._is_failing:
            self._is_failing = False
            logging.getLogger(LOG).info("the spool of predictions takes records again")
