"""Steady clients: they send rows to the gateway's /classify all the time and keep what came of every request."""

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx
import orjson

from access.caller import NO_CREDENTIALS, OwnCredentials

CLIENTS = 8
PAUSE_SECONDS = 0.08


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """One request as its client saw it."""

    at_seconds: float
    """When it was sent, since the traffic began."""
    seconds: float
    revision: str
    """Who answered, by the answer's header; empty where nobody did."""
    problem: str
    """Empty for an answer with status 200."""


@dataclass
class ClientTraffic:
    """Clients on a thread of their own; a context: no request is under way when it ends."""

    url: str
    """The gateway's /classify."""
    rows: Sequence[Sequence[float]]
    credentials: OwnCredentials = NO_CREDENTIALS
    """What the gateway is shown."""
    requests: list[ClientRequest] = field(default_factory=list, init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._send_all()), name="client-traffic", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def failed(self) -> list[ClientRequest]:
        """Requests that no answer with status 200 came to."""
        return [request for request in self.requests if request.problem]

    def elapsed_seconds(self) -> float:
        """Seconds since the traffic began."""
        return time.monotonic() - self._started

    async def _send_all(self) -> None:
        bodies = itertools.cycle([orjson.dumps({"row": list(row)}) for row in self.rows])
        limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
        async with httpx.AsyncClient(limits=limits, timeout=10.0, trust_env=False) as client:
            await asyncio.gather(*(self._send_one_after_another(client, bodies) for _ in range(CLIENTS)))

    async def _send_one_after_another(self, client: httpx.AsyncClient, bodies: Iterator[bytes]) -> None:
        headers = {"content-type": "application/json", **self.credentials.headers}
        while not self._stop.is_set():
            sent = self.elapsed_seconds()
            revision = problem = ""
            try:
                answer = await client.post(self.url, content=next(bodies), headers=headers)
                revision = answer.headers.get("x-assay-revision", "")
                if answer.status_code != 200:
                    problem = f"status {answer.status_code}: {answer.text[:200]}"
            except httpx.HTTPError as error:
                problem = f"{type(error).__name__}: {error}"
            self.requests.append(ClientRequest(sent, self.elapsed_seconds() - sent, revision, problem))
            await asyncio.sleep(PAUSE_SECONDS)
