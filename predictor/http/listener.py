"""uvicorn, with its own mind taken out: what a signal means is the process's affair (server.py), not the listener's."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from access.tls import ServerCertificates
from predictor.http.fast_doors import FastDoors
from predictor.http.fast_protocol import FastProtocol, PlainProtocol


class HttpListener:
    """A Listener: an application on a socket that is already bound, with fast doors before it where there are any."""

    def __init__(
        self,
        app: ASGIApp,
        listening: socket.socket,
        *,
        doors: FastDoors | None,
        certificates: ServerCertificates | None = None,
        keep_alive_seconds: int,
        finish_seconds: int,
    ) -> None:
        protocol: Any = partial(FastProtocol, doors=doors) if doors else PlainProtocol
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ssl_context_factory=(lambda *_: certificates.context()) if certificates else None,
            timeout_keep_alive=keep_alive_seconds,
            timeout_graceful_shutdown=finish_seconds,
        )
        self._server = _Server(config)
        self._socket = listening
        self._scheme = "https" if certificates else "http"

    @property
    def address(self) -> str:
        """See Listener."""
        host, port = self._socket.getsockname()[:2]
        return f"{self._scheme}://[{host}]:{port}" if ":" in host else f"{self._scheme}://{host}:{port}"

    async def run(self) -> None:
        """See Listener."""
        await self._server.serve(sockets=[self._socket])

    def close(self) -> None:
        """See Listener."""
        self._server.should_exit = True

    def abandon(self) -> None:
        """See Listener."""
        self._server.force_exit = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
