"""Around every request: it is counted and timed, whatever came of it, by the door's own path and no stranger's."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.metrics import ConsoleMetrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT"})
_GONE_AWAY = 499  # nginx's word for a client that did not wait


class RequestCount:
    """The middleware."""

    def __init__(self, app: ASGIApp, metrics: ConsoleMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        code, began = _GONE_AWAY, time.monotonic()

        async def send_noting(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            route = scope.get("route")
            self._metrics.count_request(
                door=getattr(route, "path", "unknown"),
                method=scope["method"] if scope["method"] in _METHODS else "other",
                code=code,
                seconds=time.monotonic() - began,
            )
