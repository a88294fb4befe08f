"""The predictors' doors at the console's own port, for a place that has but one: each request goes on to the gateway.

The gateway decides who answers, as for every client; nothing is read of a request or an answer, and both are passed on
as they come.
"""

import httpx
import orjson
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from access.scopes import OPEN, DoorScopes, Scope

INFERENCE_SCOPES = DoorScopes(
    {
        "/classify": {"POST": Scope.INFER},
        "/forward": {"POST": Scope.INFER},
        "/forward_batch": {"POST": Scope.INFER},
        "/evaluate": {"POST": Scope.INFER},
        "/example": {"GET": Scope.READ},
        "/metadata": {"GET": Scope.READ},
        "/v2": {"GET": Scope.READ},
        "/v2/health/{rest:path}": {"GET": OPEN},
        "/v2/models/{rest:path}": {"GET": Scope.READ, "POST": Scope.INFER},
    }
)
"""Those that the console has no door of its own for, and none that loads models past the gate; the scope of each."""
PATIENCE_SECONDS = 310.0
"""Longer than a predictor works on a file, so that it is the predictor that says so."""
_JSON = "application/json"
# Of a connection, not of what it carries (RFC 9110, 7.6.1); the client below says its own.
_OF_A_CONNECTION = frozenset(
    (b"connection", b"host", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
_NOT_PASSED_ON = _OF_A_CONNECTION | {b"cookie"}  # which is the page's session
_NO_NAME = frozenset({"", ".", ".."})


def inference_doors(gateway_url: str) -> list[BaseRoute]:
    """The doors; the answer is 503 while nobody listens at `gateway_url`."""
    client = httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False)

    async def pass_on(request: Request) -> Response:
        if "\\" in request.scope["path"] or _NO_NAME.intersection(request.scope["path"].split("/")[1:]):
            # The gateway would make another path of it, whose door may need another scope.
            return Response(orjson.dumps({"error": "the path is not spelled as a door's"}), 404, media_type=_JSON)
        url = httpx.URL(gateway_url).copy_with(raw_path=_target(request))
        headers = [(name, value) for name, value in request.headers.raw if name not in _NOT_PASSED_ON]
        body = request.stream() if request.method == "POST" else None
        try:
            asked = client.build_request(request.method, url, headers=headers, content=body)
            answer = await client.send(asked, stream=True)
        except httpx.TransportError as error:
            said = f"nobody answers at the gateway ({type(error).__name__}); GET /health says whether a revision serves"
            return Response(orjson.dumps({"error": said}), 503, media_type=_JSON)
        response = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
        response.raw_headers = [
            (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _OF_A_CONNECTION
        ]
        return response

    doors = [(path, method) for method, path, _ in INFERENCE_SCOPES.doors()]
    return [Route(path, pass_on, methods=[method], include_in_schema=False) for path, method in doors]


def _target(request: Request) -> bytes:
    """Path and query as the client spelled them."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path
