"""Where inference runs: in a bounded number of threads, so that the event loop always has time for health answers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class InferenceThreads:
    """A bounded number of threads; what comes while all are busy waits in order of arrival."""

    def __init__(self, threads: int) -> None:
        self.executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="inference")

    async def run(self, work: Callable[[], T]) -> T:
        """The value of `work()`, called in one of the threads; raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, work)
