"""uvicorn, with its own mind taken out: what a signal means is the process's affair (server.py), not the listener's."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol


class HttpListener:
    """A Listener: an application on a socket that is already bound."""

    def __init__(self, app: ASGIApp, listening: socket.socket, *, keep_alive_seconds: int, finish_seconds: int) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=keep_alive_seconds,
            timeout_graceful_shutdown=finish_seconds,
        )
        self._server = _Server(config)
        self._socket = listening

    @property
    def address(self) -> str:
        """See Listener."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def run(self) -> None:
        """See Listener."""
        await self._server.serve(sockets=[self._socket])

    def close(self) -> None:
        """See Listener."""
        self._server.should_exit = True

    def abandon(self) -> None:
        """See Listener."""
        self._server.force_exit = True


class _Protocol(HttpToolsProtocol):
    """A connection. What is no HTTP at all is told so in the one shape of an error."""

    def send_400_response(self, msg: str) -> None:
        body = orjson.dumps({"error": f"{msg} Expected HTTP/1.1"})
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[400] + head.encode() + body)
        self.transport.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
