"""A bounded queue before the spool, which whoever records empties at once, or else a thread.

Whoever records writes what waits himself, while it is in the processor's cache: that takes microseconds, and several
times as long in a thread. He does not where another one writes, and for a while after a write that took long; then the
thread does, every tenth of a second. All else is the delivery process's. Records reach the sink in the order in which
they were recorded.

While requests are answered the thread sleeps, but for a moment each second. A thread that waits for the interpreter is
woken whenever that is free for a moment, and on a core that is busy finds it taken again: some hundred times a second,
for each of its steps.
"""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack

from predictor.log_lines import LOG
from predictor.recording.chunk import EncodedChunk
from predictor.recording.delivery_process import DeliveryProcess
from predictor.recording.kept_prediction import KeptPrediction
from predictor.recording.metrics import RecorderMetrics
from predictor.recording.prediction_recorder import Prediction
from predictor.recording.record_sink import BATCH_BYTES, BATCH_RECORDS
from predictor.recording.recorded_run import RecordedRun
from predictor.recording.spool_folder import WATCH_SECONDS
from predictor.recording.spool_writer import SpoolWriter

_FLUSH_SECONDS = 0.1
_LOOK_SECONDS = 1.0
_AT_ONCE_BYTES = 2**22  # after these nothing more of the queue joins a write of who records
_LONG_SECONDS = 0.02
_BUSY_TIMES = 4  # as long as a long write took the thread writes


class QueuedRecorder:
    """A PredictionRecorder before `spool`, from which `delivery` takes.

    What waits in memory has about `queue_bytes` at most; what comes then is dropped. While the spool is full or fails,
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
        self._held: list[EncodedChunk] = []
        self._spooled = 0
        self._counted = spool.delivered
        self._process = uuid.uuid4().hex
        self._number = 0
        self._is_failing = False
        self._wake_at = 0.0
        self._is_needed = threading.Event()
        self._closing = threading.Event()
        self._close_by = 0.0
        metrics.watch(self._waiting, lambda: spool.waiting_bytes, self._lag_seconds)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def record(self, prediction: Prediction) -> None:
        """See PredictionRecorder."""
        try:
            kept = KeptPrediction.cut(prediction, self._record_bytes)
        except Exception:
            self._lose(1)
            return
        self._write_at_once([kept])

    def record_runs(self, runs: Sequence[RecordedRun]) -> None:
        """See PredictionRecorder."""
        parts: list[RecordedRun] = []
        for run in runs:
            parts += [run] if len(run.requests) <= BATCH_RECORDS else run.split(BATCH_RECORDS)
        self._write_at_once(parts)

    def close(self, timeout_seconds: float) -> None:
        """See PredictionRecorder."""
        self._close_by = time.monotonic() + timeout_seconds
        self._closing.set()
        self._is_needed.set()
        self._thread.join(timeout_seconds)

    def _write_at_once(self, new: Sequence[KeptPrediction | RecordedRun]) -> None:
        """What is new and what waits, if nobody else writes and the disk is quick; what is left is the thread's."""
        begun = time.monotonic()
        is_ours = begun >= self._busy_until and self._take_spool()
        try:
            if is_ours and self._is_all_written and not self._closing.is_set():
                self._hold(new)
            else:
                for kept in new:
                    self._add(kept)
            if is_ours and not self._closing.is_set():
                self._hold_waiting(_AT_ONCE_BYTES)
                self._append(at_once=self._queued_bytes < self._queue_bytes // 4)
                self._wake(begun)
        finally:
            if is_ours:
                self._spool_lock.release()
        if (took := time.monotonic() - begun) > _LONG_SECONDS:
            self._busy_until = begun + took + _BUSY_TIMES * took
        if not self._is_needed.is_set() and (not self._is_all_written or self._spool.lacks_segment):
            self._is_needed.set()

    @property
    def _is_all_written(self) -> bool:
        return not self._queue and not self._held

    def _take_spool(self) -> bool:
        """Not from another one that writes, unless much has come meanwhile: a thread that waits for the interpreter may
        be long about it."""
        is_much = self._queued_bytes > _AT_ONCE_BYTES
        return self._spool_lock.acquire(blocking=False) or (is_much and self._spool_lock.acquire(timeout=_LONG_SECONDS))

    def _wake(self, now: float) -> None:
        """Tell the delivery process what is new. It looks by itself until a tenth of a second after it was told."""
        if self._is_new and now >= self._wake_at:
            self._is_new = False
            self._wake_at = now + WATCH_SECONDS
            self._delivery.wake()

    def _add(self, kept: KeptPrediction | RecordedRun) -> None:
        size, records = kept.size_bytes, kept.records
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
            looked = 0.0
            while not self._closing.is_set():
                self._prepare()
                self._pass_on()
                if (now := time.monotonic()) >= looked + _LOOK_SECONDS:
                    looked = now
                    with self._spool_lock:  # which whoever wakes it has, too
                        self._delivery.look_after()
                    self._count()
                if self._is_needed.wait(_LOOK_SECONDS if self._is_all_written else _FLUSH_SECONDS):
                    if self._is_failing or not self._spool.lacks_segment:
                        self._closing.wait(_FLUSH_SECONDS)  # for what else is coming
                    self._is_needed.clear()
            with self._spool_lock:
                pass  # who writes at once by now was the last one
            while not self._pass_on() and time.monotonic() < self._close_by:
                time.sleep(_FLUSH_SECONDS)
            self._delivery.end(self._close_by - time.monotonic())
            self._count()
            if left := self._left():
                self._metrics.dropped.inc(left)
                logging.getLogger(LOG).error("the process ends: %d predictions are not recorded", left)

    def _pass_on(self) -> bool:
        """Bring the spool what waits by now, or a part of it where others write; whether it took everything."""
        until = self._number + self._queued
        is_moving, is_alone = True, True
        while is_moving and is_alone and not self._is_all_written and self._number <= until:
            with self._spool_lock:
                self._hold_waiting(BATCH_BYTES)
                is_moving = self._append()
            is_alone = self._closing.is_set() or time.monotonic() < self._busy_until
        with self._spool_lock:
            self._wake(time.monotonic())
        return self._is_all_written

    def _hold_waiting(self, most_bytes: int) -> None:
        """As much of the queue as one write should have, as chunks."""
        while self._queue and sum([chunk.size for chunk in self._held]) < most_bytes:
            kept = self._queue.popleft()
            self._hold([kept])
            self._leave_queue(kept)

    def _hold(self, some: Sequence[KeptPrediction | RecordedRun]) -> None:
        """As chunks for the next write."""
        for kept in some:
            try:
                self._held.append(kept.to_chunk(self._process, self._number + 1).encode())
                self._number += kept.records
            except Exception:
                self._lose(kept.records)

    def _append(self, *, at_once: bool = False) -> bool:
        """Whether the spool took something of what is held."""
        if not self._held:
            return False
        try:
            taken = self._spool.append(self._held, at_once=at_once)
        except OSError as error:
            self._busy_until = time.monotonic() + _FLUSH_SECONDS
            self._say_failing(error)
            return False
        if not taken:
            return False
        records = sum([chunk.records for chunk in self._held[:taken]])
        del self._held[:taken]
        self._is_new = True
        self._spooled += records
        self._metrics.spooled.inc(records)
        if self._is_failing:
            self._is_failing = False
            logging.getLogger(LOG).info("the spool of predictions takes records again")
        return True

    def _prepare(self) -> None:
        try:
            self._spool.prepare()
        except OSError as error:
            self._say_failing(error)

    def _leave_queue(self, kept: KeptPrediction | RecordedRun) -> None:
        with self._lock:
            self._queued_bytes -= kept.size_bytes
            self._queued -= kept.records
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
        return self._waiting() + (self._spooled - done if self._is_temporary else 0)

    def _waiting(self) -> int:
        return self._queued + sum([chunk.records for chunk in self._held])

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
