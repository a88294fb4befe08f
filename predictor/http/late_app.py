"""The application, made when somebody asks for what it alone has: a server that only infers never loads the framework.

Probes are answered without it, and so is inference before anything is loaded: a start is no time to load it, too.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from predictor.error_table import codes_of
from predictor.errors import NotReady
from predictor.http.error_answers import error_answer
from predictor.http.request_scope import RequestScope
from predictor.request_watch import RequestWatch
from predictor.served_models import NOTHING_LOADED
from predictor.serving import Serving

_LIVE = "/v2/health/live"
_PROBES = {_LIVE: b'{"live":true}', "/v2/health/ready": b'{"ready":true}'}
_INFERENCE = "inference"


class LateApp:
    """An ASGI application; `create` makes the one behind it, in a thread."""

    def __init__(self, create: Callable[[], ASGIApp], serving: Serving, watch: RequestWatch) -> None:
        self._create = create
        self._serving = serving
        self._early = RequestScope(self._answer_early, serving=serving, watch=watch)
        self._app: ASGIApp | None = None
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if self._app is None and self._is_early(scope):
            await self._early(scope, receive, send)
            return
        async with self._lock:
            if self._app is None:
                self._app = await asyncio.to_thread(self._create)
            app = self._app
        await app(scope, receive, send)

    def _is_early(self, scope: Scope) -> bool:
        return scope["type"] == "http" and (_is_probe(scope) or (_is_inference(scope) and not self._serving.is_started))

    async def _answer_early(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = _Route(scope["path"] if _is_probe(scope) else _INFERENCE)
        error = self._what_is_missing(scope)
        if error:
            scope["state"]["trail"].error = error
            codes = codes_of(error)
            answer = error_answer(codes.http, str(error), codes.http_headers())
        else:
            answer = Response(_PROBES[scope["path"]], media_type="application/json")
        await answer(scope, receive, send)

    def _what_is_missing(self, scope: Scope) -> NotReady | None:
        if _is_inference(scope):
            return NotReady(NOTHING_LOADED)
        try:
            if scope["path"] != _LIVE:
                self._serving.check_ready()
        except NotReady as error:
            return error
        return None


class _Route(NamedTuple):
    """As far as a request's scope looks at it."""

    path: str


def _is_probe(scope: Scope) -> bool:
    return scope["method"] == "GET" and scope["path"] in _PROBES


def _is_inference(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "POST" and (path == "/classify" or path.endswith("/infer"))
