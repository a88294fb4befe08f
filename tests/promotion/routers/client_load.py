"""Clients without end: some connections that post, one that reads, and what each of their answers said."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

SPLIT_REQUESTS = (
    b"POST /classify HTTP/1.1\r\nhost: gateway\r\ncontent-length: 2\r\n\r\n[]",
    b"POST /v2/models/digits/infer HTTP/1.1\r\nhost: gateway\r\ncontent-length: 2\r\n\r\n{}",
    b"POST /v2/models/digits/versions/3/infer HTTP/1.1\r\nhost: gateway\r\ncontent-length: 2\r\n\r\n{}",
)
BASE_REQUEST = b"GET /v2 HTTP/1.1\r\nhost: gateway\r\n\r\n"


class ClientLoad:
    """Runs from `with` to its end. `answered` counts split requests by revision, `base_answered` the others.

    Every answer has to say twice who gave it: in its header, and in its body, where `read_revision` finds it.
    """

    def __init__(
        self,
        url: str,
        connections: int = 8,
        split_requests: Sequence[bytes] = SPLIT_REQUESTS,
        base_request: bytes = BASE_REQUEST,
        read_revision: Callable[[str], str] = str,
        pause_seconds: float = 0.0,
    ) -> None:
        """Each connection pauses so long after an answer; 0: never, and then it takes a good part of a core."""
        self.answered: Counter[str] = Counter()
        self.base_answered: Counter[str] = Counter()
        self.failures: list[str] = []
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self._connections = connections
        self._split_requests = split_requests
        self._base_request = base_request
        self._read_revision = read_revision
        self._pause_seconds = pause_seconds
        self._ending = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending = True
        self._thread.join()

    def wait_for_more(self, requests: int, timeout_seconds: float = 60) -> Counter[str]:
        """Return once `requests` more split requests were answered or failed, with who answered since the call."""
        before = self.answered.copy()
        expected = before.total() + len(self.failures) + requests
        deadline = time.monotonic() + timeout_seconds
        while self.answered.total() + len(self.failures) < expected:
            assert time.monotonic() < deadline, f"{requests} more requests took more than {timeout_seconds} s"
            time.sleep(0.01)
        return self.answered - before

    async def _run(self) -> None:
        posting = [
            self._send(self._split_requests[number % len(self._split_requests)], self.answered)
            for number in range(self._connections)
        ]
        await asyncio.gather(*posting, self._send(self._base_request, self.base_answered))

    async def _send(self, request: bytes, answered: Counter[str]) -> None:
        while not self._ending:
            try:
                reader, writer = await asyncio.open_connection(self._host, self._port)
                try:
                    while not self._ending and await self._exchange(request, answered, reader, writer):
                        await asyncio.sleep(self._pause_seconds)
                finally:
                    writer.close()
            except (OSError, asyncio.IncompleteReadError) as error:
                self.failures.append(repr(error))
                await asyncio.sleep(0.01)

    async def _exchange(
        self, request: bytes, answered: Counter[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Send one request; whether the connection may be used again."""
        writer.write(request)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = (await reader.readexactly(int(headers["content-length"]))).decode()
        revision = headers.get("x-assay-revision", "nobody")
        if " 200 " in lines[0] and revision == self._read_revision(body):
            answered[revision] += 1
        else:
            self.failures.append(f"{lines[0]}: the header names {revision}, the body is {body!r}")
        return headers.get("connection") != "close"
