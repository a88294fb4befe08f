"""Where inference runs: in a bounded number of threads, so that the event loop always has time for health answers.

What comes while all are busy waits in order of arrival. That has a bound, too: beyond it a caller is told at once, who
would otherwise wait for an answer that comes too late for everybody.
"""

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from predictor.batches import BatchWorker, Job
from predictor.errors import QueueFull
from predictor.served_model import ServedModel


class InferenceThreads:
    """A bounded number of threads, and a bounded number of jobs. Can be used from several threads at once."""

    def __init__(self, worker: BatchWorker, *, threads: int, limit: int) -> None:
        self.limit = limit
        self._worker = worker
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="inference")
        self._lock = threading.Lock()
        self._idle = threads
        self._waiting: deque[Job[Any]] = deque()
        self._taken = 0

    def submit(self, job: Job[Any]) -> None:
        """Have a job done in its turn, unless its future is cancelled before that.

        Raises QueueFull when `limit` jobs wait or are worked on.
        """
        with self._lock:
            if self._taken >= self.limit:
                raise QueueFull(f"{self.limit} requests wait or are worked on, and no more are taken; ask again soon")
            self._taken += 1
            self._waiting.append(job)
            is_thread_idle = self._idle > 0
            self._idle -= is_thread_idle
        job.future.add_done_callback(self._forget)
        if is_thread_idle:
            self._executor.submit(self._work)

    def waiting(self) -> int:
        """How many jobs have no thread yet."""
        return len(self._waiting)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._idle += 1
                    return
                first = self._waiting.popleft()
            self._worker.work_on(first, self._take_next)

    def _take_next(self, model: ServedModel) -> Job[Any] | None:
        with self._lock:
            for index, job in enumerate(self._waiting):
                if job.model is model:  # the first one, unless several models are asked at the same time
                    del self._waiting[index]
                    return job
        return None

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._taken -= 1
            if future.cancelled():
                self._waiting = deque(job for job in self._waiting if job.future is not future)
