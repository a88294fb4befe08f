"""The application, made when somebody asks for what it alone has: a server that only infers never loads the framework.

Whoever looks whether the server is there yet gets an answer without it, too: a start is no time to wait for it.
"""

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from predictor.error_table import codes_of
from predictor.errors import NotReady
from predictor.http.error_answers import error_answer
from predictor.serving import Serving

_LIVE, _READY = "/v2/health/live", "/v2/health/ready"


class LateApp:
    """An ASGI application; `create` makes the one behind it, in a thread."""

    def __init__(self, create: Callable[[], ASGIApp], serving: Serving) -> None:
        self._create = create
        self._serving = serving
        self._app: ASGIApp | None = None
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if self._app is None:
            early = self._answer_early(scope)
            if early is not None:
                await early(scope, receive, send)
                return
            async with self._lock:
                self._app = self._app or await asyncio.to_thread(self._create)
        await self._app(scope, receive, send)

    def _answer_early(self, scope: Scope) -> Response | None:
        """What is the same whoever says it."""
        path, method = scope["path"], scope["method"]
        if method == "GET" and path == _LIVE:
            return Response(b'{"live":true}', media_type="application/json")
        is_probe = method == "GET" and path == _READY
        if not is_probe and not (method == "POST" and (path == "/classify" or path.endswith("/infer"))):
            return None
        try:
            self._serving.check_ready()
        except NotReady as error:
            codes = codes_of(error)
            return error_answer(codes.http, str(error), codes.http_headers())
        return Response(b'{"ready":true}', media_type="application/json") if is_probe else None
