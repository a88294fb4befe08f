"""A worker as its supervisor sees it: a process, a channel, and what it told last."""

import asyncio
import time
from asyncio.subprocess import Process
from collections import deque
from socket import socket
from typing import Self

from predictor.workers.channel import Channel, Message
from predictor.workers.counts import Counts
from predictor.workers.model_set import ModelSet


class Supervised:
    """A worker that was started."""

    def __init__(self, process: Process, channel: Channel) -> None:
        self.pid = process.pid
        self.channel = channel
        self.counts = Counts()
        self.failure = ""
        self.models: ModelSet = {}
        """What it had when it became ready."""
        self._process = process
        self._ready_since: float | None = None
        self._asked: deque[asyncio.Future[None]] = deque()
        self._reply: asyncio.Future[Message | None] | None = None
        self._has_ended = False

    @classmethod
    async def meet(cls, process: Process, ours: socket) -> Self:
        """The worker that runs as `process` and has the other end of `ours`."""
        return cls(process, await Channel.over(ours))

    @property
    def is_ready(self) -> bool:
        """Whether it has loaded its model."""
        return self._ready_since is not None

    @property
    def is_asked(self) -> bool:
        """Whether it owes an answer to `ask`."""
        return bool(self._asked)

    def be_ready(self, models: ModelSet) -> None:
        """It has loaded its models, which are these."""
        self.models = models
        self._ready_since = time.monotonic()

    def ready_seconds(self) -> float:
        """How long it has been ready."""
        return 0.0 if self._ready_since is None else time.monotonic() - self._ready_since

    def ask(self) -> asyncio.Future[None]:
        """Ask what it counted; done when `counts` is newer than this call, or it has ended."""
        asked = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self.channel.send({"tell": True})
        return asked

    def take(self, counts: Counts) -> None:
        """Its answer to the earliest `ask`."""
        self.counts = counts
        _finish(self._asked.popleft())

    def request(self, message: Message) -> "asyncio.Future[Message | None]":
        """Ask for a part of a change; what it says to that, or None when it has ended. One at a time."""
        self._reply = asyncio.get_running_loop().create_future()
        if self._has_ended:
            self._reply.set_result(None)
        self.channel.send(message)
        return self._reply

    def reply(self, message: Message | None) -> None:
        """Its answer to `request`."""
        if self._reply and not self._reply.done():
            self._reply.set_result(message)

    async def end(self) -> int:
        """Wait for its exit code, negative for a signal; nobody waits for its answers any more."""
        code = await self._process.wait()
        for asked in self._asked:
            _finish(asked)
        self._has_ended = True
        self.reply(None)
        self.channel.close()
        return code

    def terminate(self) -> None:
        """Send SIGTERM, if it still runs."""
        if self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL, if it still runs."""
        if self._process.returncode is None:
            self._process.kill()


def _finish(asked: asyncio.Future[None]) -> None:
    if not asked.done():
        asked.set_result(None)
