"""Clients that post rows to the gateway all the time, and keep by which bundle each was answered."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CONNECTIONS = 4
PAUSE_SECONDS = 0.015
BODY = b'{"row": [0, 1, 2, 3]}'
REQUEST = (
    b"POST /classify HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


@dataclass(frozen=True)
class Answered:
    sent_at: float
    """time.monotonic()"""
    digest: str
    at: str
    """When the answer was there: ISO 8601, UTC."""


class Clients:
    """Runs from `with` to its end."""

    def __init__(self, url: str) -> None:
        self.answers: list[Answered] = []
        self.failures: list[str] = []
        self._address = urlsplit(url)
        self._is_ending = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_ending = True
        self._thread.join()

    def answered_since(self, moment: float) -> Counter[str]:
        """Answers to what was sent since then, by bundle."""
        return Counter(answer.digest for answer in self.answers if answer.sent_at >= moment)

    def wait_for_more(self, requests: int = 40) -> Counter[str]:
        """Return once so many requests that were sent after the call are answered, with who answered them."""
        begun = time.monotonic()
        while (answered := self.answered_since(begun)).total() < requests:
            assert time.monotonic() < begun + 20, f"{requests} answers took more than 20 s: {self.failures[-1:]}"
            time.sleep(0.02)
        return answered

    async def _run(self) -> None:
        await asyncio.gather(*(self._post() for _ in range(CONNECTIONS)))

    async def _post(self) -> None:
        while not self._is_ending:
            try:
                reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
                try:
                    while not self._is_ending and await self._exchange(reader, writer):
                        await asyncio.sleep(PAUSE_SECONDS)
                finally:
                    writer.close()
            except (OSError, asyncio.IncompleteReadError) as error:
                self.failures.append(repr(error))
                await asyncio.sleep(PAUSE_SECONDS)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Send one request; whether the connection may be used again."""
        sent_at = time.monotonic()
        writer.write(REQUEST)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers["content-length"]))
        if " 200 " in lines[0]:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            self.answers.append(Answered(sent_at, headers["x-assay-bundle-digest"], at))
        else:
            self.failures.append(f"{lines[0]}: {body.decode()}")
        return headers.get("connection") != "close"
