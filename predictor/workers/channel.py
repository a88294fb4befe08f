"""Messages between the supervisor and a worker: JSON objects, one a line, over a pair of Unix sockets.

The kernel closes it when either side dies, however it dies: that is how a worker learns that nobody supervises it.
"""

import asyncio
import socket
from typing import Any, Self

import orjson

Message = dict[str, Any]
_LIMIT_BYTES = 64 * 2**20  # the counts of a model with very many classes


class Channel:
    """One end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        """The channel over one end of a socket pair, which it owns from now on."""
        return cls(*await asyncio.open_connection(sock=end, limit=_LIMIT_BYTES))

    def send(self, message: Message) -> None:
        """Say something; nothing happens when nobody listens any more."""
        if not self._writer.is_closing():
            self._writer.write(orjson.dumps(message) + b"\n")

    async def flush(self) -> None:
        """Return once what was said is on its way."""
        await self._writer.drain()

    async def receive(self) -> Message | None:
        """What the other side says next; None when it is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return dict(orjson.loads(line)) if line.endswith(b"\n") else None

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
