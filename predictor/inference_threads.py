"""Where inference runs: in a bounded number of threads, so that the event loop always has time for health answers.

What comes while all are busy waits in order of arrival. That has a bound, too: beyond it a caller is told at once, who
would otherwise wait for an answer that comes too late for everybody.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from predictor.errors import QueueFull

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Job(Generic[T]):
    work: Callable[[], T]
    future: Future[T]

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            value = self.work()
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(value)


class InferenceThreads:
    """A bounded number of threads, and a bounded number of jobs. Can be used from several threads at once."""

    def __init__(self, threads: int, *, limit: int) -> None:
        self.limit = limit
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="inference")
        self._lock = threading.Lock()
        self._idle = threads
        self._waiting: deque[_Job[object]] = deque()
        self._taken = 0

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """What `work()` gives or raises, called in one of the threads; cancelled before its turn, it is not called.

        Raises QueueFull when `limit` jobs wait or are worked on.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._taken >= self.limit:
                raise QueueFull(f"{self.limit} requests wait or are worked on, and no more are taken; ask again soon")
            self._taken += 1
            self._waiting.append(_Job(work, future))  # type: ignore[arg-type]  # jobs of one queue differ in their T
            is_thread_idle = self._idle > 0
            self._idle -= is_thread_idle
        future.add_done_callback(self._forget)
        if is_thread_idle:
            self._executor.submit(self._work)
        return future

    def waiting(self) -> int:
        """How many jobs have no thread yet."""
        return len(self._waiting)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._idle += 1
                    return
                job = self._waiting.popleft()
            job.run()

    def _forget(self, future: Future[T]) -> None:
        with self._lock:
            self._taken -= 1
            if future.cancelled():
                self._waiting = deque(job for job in self._waiting if job.future is not future)
