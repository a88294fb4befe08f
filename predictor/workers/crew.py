"""What a serving process is part of: nothing, or the workers of a supervisor."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from predictor.log_lines import LOG
from predictor.workers.channel import Channel
from predictor.workers.counts import Counts, Gather


class Alone:
    """One process is the whole server."""

    is_first = True
    """Whether nobody serves yet: then it answers, not ready, while its model is loaded. Else it loads, then listens."""
    gather: Gather | None = None
    """None where there are no others."""

    def follow(self, count: Callable[[], Counts], end: Callable[[], None]) -> None:
        """`count` is what this process counted, whenever somebody asks; `end` ends it as a second signal does."""

    async def join(self, addresses: str, fields: Mapping[str, object]) -> None:
        """This process is ready; returns once all are."""
        logging.getLogger(LOG).info("listening on %s", addresses, extra={"fields": fields})


class OneOfSeveral(Alone):
    """A worker, which its supervisor hears of over a channel."""

    def __init__(self, channel: Channel, *, is_first: bool) -> None:
        self.is_first = is_first
        self.gather = self._gather
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._are_all_ready = asyncio.Event()
        self._asked = asyncio.Lock()
        self._total: asyncio.Future[Counts] = self._loop.create_future()

    def follow(self, count: Callable[[], Counts], end: Callable[[], None]) -> None:
        """See Alone; from now on it answers its supervisor, and ends when that is gone."""
        self._following = self._loop.create_task(self._follow(count, end))

    async def join(self, addresses: str, fields: Mapping[str, object]) -> None:
        """See Alone; it is the supervisor that says where they listen."""
        self._channel.send({"ready": {"addresses": addresses, "fields": dict(fields)}})
        await self._are_all_ready.wait()

    def _gather(self, own: Counts) -> "Future[Counts]":
        return asyncio.run_coroutine_threadsafe(self._ask(own), self._loop)

    async def _ask(self, own: Counts) -> Counts:
        async with self._asked:
            self._total = self._loop.create_future()
            self._channel.send({"collect": own.to_message()})
            return await self._total

    async def _follow(self, count: Callable[[], Counts], end: Callable[[], None]) -> None:
        while message := await self._channel.receive():
            if "tell" in message:
                self._channel.send({"counts": count().to_message()})
            elif "total" in message and not self._total.done():
                self._total.set_result(Counts.read(message["total"]))
            elif "all_ready" in message:
                self._are_all_ready.set()
        end()
