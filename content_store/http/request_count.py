"""Around every request: it is counted, whatever came of it.

Every label has few values, whatever a stranger asks for.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from content_store.metrics import StoreMetrics

_DOORS = frozenset({"bundles", "holdouts", "health", "metrics"})
_METHODS = frozenset({"GET", "HEAD", "PUT"})
_GONE_AWAY = 499  # nginx's word for a client that did not wait


class RequestCount:
    """The middleware."""

    def __init__(self, app: ASGIApp, metrics: StoreMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        code = _GONE_AWAY

        async def send_noting(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            door = scope["path"].split("/")[1]
            self._metrics.count_request(
                door=door if door in _DOORS else "unknown",
                method=scope["method"] if scope["method"] in _METHODS else "other",
                code=code,
            )
