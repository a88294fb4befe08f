"""Around every request: its id, the model that it is for, its metrics, and an answer whatever happens.

The table of models is taken once, so that a request that arrives while another model takes over is answered, named and
counted as one and the same. A plain ASGI middleware: it costs no task and no buffering.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from open_inference.json_object import quote
from predictor.data_plane import Caller
from predictor.error_table import GONE_AWAY, INTERNAL_ERROR_TEXT
from predictor.errors import RequestRefused
from predictor.http.error_answers import error_answer
from predictor.request_trail import Trail
from predictor.request_watch import RequestWatch
from predictor.served_model import ServedModel
from predictor.served_models import ServedModels
from predictor.serving import Serving

_UNKNOWN_ROUTE = "unknown"

TIMEOUT_HEADER = "x-request-timeout-ms"
"""How long a caller waits; not one of Envoy's own `x-envoy-` headers, for a gateway takes those away from clients."""
_MILLISECONDS = re.compile(r"0*[1-9][0-9]{0,8}")


def trail_of(request: Request) -> Trail:
    """What is known of the request so far."""
    trail: Trail = request.state.trail
    return trail


def request_id_of(request: Request) -> str:
    """The request's id: the caller's own, or one that was made."""
    return trail_of(request).request_id


def models_of(request: Request) -> ServedModels:
    """The models as they were when the request arrived."""
    models: ServedModels = request.state.models
    return models


def find_model(request: Request, name: str | None = None, version: str | None = None) -> ServedModel:
    """The model that a request means, by what its path says where nothing else is given; it is who answers from now on.

    Raises NotReady, NotFound and RequestRefused.
    """
    path = request.path_params
    model = models_of(request).find(name or path.get("model"), version or path.get("version"))
    request.state.model = model
    return model


def caller_of(request: Request) -> Caller:
    """Who waits for the answer. Raises RequestRefused for a time that is none."""
    return Caller(trail_of(request), read_timeout(request.headers))


def read_timeout(headers: Mapping[str, str]) -> float:
    """How many seconds the caller waits. Raises RequestRefused for a time that is none."""
    given = headers.get(TIMEOUT_HEADER)
    if given is None:
        return math.inf
    if not _MILLISECONDS.fullmatch(given):
        raise RequestRefused(f"the header {TIMEOUT_HEADER} is {quote(given)}; expected milliseconds from 1 on")
    return int(given) / 1000


class RequestScope:
    """The middleware; around everything but the framework's own last resort, which then has nothing to do."""

    def __init__(self, app: ASGIApp, *, serving: Serving, watch: RequestWatch) -> None:
        self._app = app
        self._serving = serving
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trail = self._watch.begin("rest", Headers(scope=scope), method=scope["method"])
        models = self._serving.models
        state: dict[str, Any] = scope.setdefault("state", {})
        state.update(trail=trail, models=models, model=models.default)
        code = GONE_AWAY.http

        async def send_named(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code, is_draining = message["status"], self._serving.is_draining
                naming = naming_headers(trail, state["model"], is_draining=is_draining)
                message["headers"] = [*message["headers"], *naming]
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except ClientDisconnect:
            pass
        except Exception as error:
            trail.error = error
            if code == GONE_AWAY.http:
                await error_answer(500, INTERNAL_ERROR_TEXT)(scope, receive, send_named)
        finally:
            route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
            model: ServedModel | None = state["model"]
            self._watch.end(trail, route=route, identity=model.identity if model else None, code=code)


def naming_headers(trail: Trail, model: ServedModel | None, *, is_draining: bool) -> list[tuple[bytes, bytes]]:
    """What every answer says: the request's id, and who answered."""
    headers = [(b"x-request-id", trail.request_id.encode())]
    if trail.span:
        headers.append((b"traceparent", trail.span.trace_parent.encode()))
    if model:
        headers += model_headers(model)
    if is_draining:
        headers.append((b"connection", b"close"))  # the next request of this client finds a server that stays
    return headers


def model_headers(model: ServedModel) -> list[tuple[bytes, bytes]]:
    """Who answered."""
    identity = model.identity
    return [
        (b"x-assay-model", identity.model.encode()),
        (b"x-assay-version", identity.version.encode()),
        (b"x-assay-revision", identity.revision.encode()),
        (b"x-assay-bundle-digest", identity.bundle_digest.encode()),
    ]
