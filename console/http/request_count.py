"""Around every request: it is counted and timed, whatever came of it, by the door's own path and no stranger's.

One that failed by the console's fault, or was slow, is logged, under the id that its answer has in `X-Request-Id`.
"""

import logging
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.request_id import choose_request_id, find_trace_id
from console.log import LOG
from console.metrics import ConsoleMetrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT"})
_FAILURE = 500
_GONE_AWAY = 499  # nginx's word for a client that did not wait


class RequestCount:
    """The middleware."""

    def __init__(
        self, app: ASGIApp, metrics: ConsoleMetrics, *, slow_seconds: float, trace_of_this: Callable[[], str | None]
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._slow_seconds = slow_seconds
        self._trace_of_this = trace_of_this

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        code, began, headers = _GONE_AWAY, time.monotonic(), Headers(scope=scope)
        request_id = choose_request_id(headers.get("x-request-id", ""))

        async def send_noting(message: Message) -> None:
            nonlocal code, request_id
            if message["type"] == "http.response.start":
                code = message["status"]
                request_id = MutableHeaders(scope=message).setdefault("X-Request-Id", request_id)  # or the predictor's
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            door = getattr(scope.get("route"), "path", "unknown")
            method, seconds = scope["method"] if scope["method"] in _METHODS else "other", time.monotonic() - began
            self._metrics.count_request(door=door, method=method, code=code, seconds=seconds)
            if code >= _FAILURE or seconds >= self._slow_seconds:
                fields = {
                    "request_id": request_id,
                    "trace_id": self._trace_of_this() or find_trace_id(headers.get("traceparent", "")),
                    "method": method,
                    "door": door,
                    "code": code,
                    "seconds": round(seconds, 6),
                }
                what = f"{method} {door} was answered with {code} after {seconds:.3f} s (request {request_id})"
                known = {name: value for name, value in fields.items() if value is not None}
                level = logging.ERROR if code >= _FAILURE else logging.WARNING
                logging.getLogger(LOG).log(level, what, extra={"fields": known})
