"""A program that stands in for a predictor: HTTP/1.1 with keep-alive, and every answer is its own name.

`python -m tests.promotion.routers.named_server NAME DELAY_SECONDS` prints its port once it listens. SIGUSR1 turns its
readiness off and on; on SIGTERM it finishes what is in flight, closes its idle connections and ends.
"""

import asyncio
import signal
import sys


class NamedServer:
    def __init__(self, name: str, delay_seconds: float) -> None:
        self._body = name.encode()
        self._delay_seconds = delay_seconds
        self._is_ready = True
        self._ending = asyncio.Event()
        self._idle: set[asyncio.StreamWriter] = set()

    async def run(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._ending.set)
        loop.add_signal_handler(signal.SIGUSR1, self._turn_readiness)
        print(server.sockets[0].getsockname()[1], flush=True)
        await self._ending.wait()
        server.close()
        for writer in self._idle:
            writer.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)

    def _turn_readiness(self) -> None:
        self._is_ready = not self._is_ready

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not self._ending.is_set():
                self._idle.add(writer)
                head = await reader.readuntil(b"\r\n\r\n")
                self._idle.discard(writer)
                await reader.readexactly(_content_length(head))
                await self._answer(head.split(b" ")[1], writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._idle.discard(writer)
            writer.close()

    async def _answer(self, path: bytes, writer: asyncio.StreamWriter) -> None:
        status = b"200 OK"
        if path == b"/v2/health/ready":
            status = b"200 OK" if self._is_ready else b"503 Service Unavailable"
        elif b"/broken" in path:
            status = b"500 Internal Server Error"
        elif self._delay_seconds:
            await asyncio.sleep(self._delay_seconds)
        writer.write(b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n%b" % (status, len(self._body), self._body))
        await writer.drain()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


if __name__ == "__main__":
    asyncio.run(NamedServer(sys.argv[1], float(sys.argv[2])).run())
