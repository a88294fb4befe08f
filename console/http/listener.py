"""uvicorn on a socket that is already bound."""

import socket

import uvicorn
from starlette.types import ASGIApp

from access.tls import ServerCertificates

_KEEP_ALIVE_SECONDS = 75


def listen(
    app: ASGIApp, listening: socket.socket, *, finish_seconds: int, certificates: ServerCertificates | None
) -> None:
    """Answer requests until a signal comes, whose handler is called when what was in flight is finished."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="auto",  # the page's
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_context_factory=(lambda *_: certificates.context()) if certificates else None,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=finish_seconds,
    )
    uvicorn.Server(config).run(sockets=[listening])
