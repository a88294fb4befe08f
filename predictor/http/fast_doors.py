"""The doors of inference without the application: which requests they take, and the bytes of the answer.

They take only what is in order as far as its headers tell: an inference of a model that is loaded. Everything else,
and every error that headers alone make, is the application's to answer. What a body is made of is read, checked and
answered by the same functions as there (exchanges.py, data_plane.py, error_table.py).
"""

from dataclasses import dataclass
from typing import NamedTuple

import orjson
from starlette.datastructures import Headers
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from predictor.batches import Exchange
from predictor.data_plane import DataPlane
from predictor.error_table import GONE_AWAY, INTERNAL, INTERNAL_ERROR_TEXT, codes_of
from predictor.errors import RequestRefused
from predictor.http.body import Answer
from predictor.http.exchanges import read_classify, read_infer
from predictor.http.request_scope import naming_headers, read_timeout
from predictor.request_trail import Trail
from predictor.served_model import ServedModel
from predictor.served_models import ServedModels

_CLASSIFY = "/classify"
_NOT_TAKEN = frozenset({b"transfer-encoding", b"content-encoding", b"upgrade", b"expect"})


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """A request that a fast door has taken, with the model that was served when it arrived."""

    route: str
    model: ServedModel
    headers: Headers
    seconds: float
    """How long the caller waits."""
    trail: Trail

    def read(self, body: bytes) -> Exchange[Answer]:
        """Raises RequestRefused or ProtocolError."""
        if self.route == _CLASSIFY:
            return read_classify(body, self.headers, self.trail.request_id, self.model, with_probabilities=False)
        return read_infer(body, self.headers, self.trail.request_id)


class _Door(NamedTuple):
    """A path's template, and the model that answers there."""

    route: str
    model: ServedModel


class Written(NamedTuple):
    """The bytes of an answer, and whether the connection ends with it."""

    content: bytes
    is_last: bool


class FastDoors:
    """The doors; one object for all connections."""

    def __init__(self, plane: DataPlane, *, body_limit_bytes: int) -> None:
        self.plane = plane
        self._body_limit_bytes = body_limit_bytes
        self._models = plane.serving.models
        self._doors = _open_doors(self._models)

    def enter(self, url: bytes, fields: list[tuple[bytes, bytes]]) -> Visit | None:
        """The visit of a POST request with these headers (names in lower case), unless it is the application's."""
        models = self.plane.serving.models
        if models is not self._models:
            self._models, self._doors = models, _open_doors(models)
        door = self._doors.get(url)
        if door is None or not _NOT_TAKEN.isdisjoint(name for name, _ in fields):
            return None
        headers = Headers(raw=fields)
        if int(headers.get("content-length", self._body_limit_bytes + 1)) > self._body_limit_bytes:
            return None
        try:
            seconds = read_timeout(headers)
        except RequestRefused:
            return None
        return Visit(door.route, door.model, headers, seconds, self.plane.watch.begin("rest", headers, method="POST"))

    def write(
        self, visit: Visit, outcome: Answer | BaseException, default: list[tuple[bytes, bytes]], *, is_last: bool
    ) -> Written:
        """What is sent for an answer or an error; it is counted. `default` are the server's own headers."""
        code, answer = (200, outcome) if isinstance(outcome, Answer) else _explain(visit, outcome)
        is_draining = self.plane.serving.is_draining
        named = naming_headers(visit.trail, visit.model, is_draining=is_draining)
        if is_last and not is_draining:
            named.append((b"connection", b"close"))
        said = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        said.append((b"content-length", b"%d" % len(answer.content)))
        head = b"".join(b"%b: %b\r\n" % header for header in (*default, *said, *named))
        self._end(visit, code)
        return Written(STATUS_LINE[code] + head + b"\r\n" + answer.content, is_last or is_draining)

    def leave(self, visit: Visit) -> None:
        """The client went away before it was answered."""
        self._end(visit, GONE_AWAY.http)

    def _end(self, visit: Visit, code: int) -> None:
        self.plane.watch.end(visit.trail, route=visit.route, identity=visit.model.identity, code=code)


def _open_doors(models: ServedModels) -> dict[bytes, _Door]:
    """The doors by their URL, as a client writes it that quotes nothing."""
    doors = {_CLASSIFY.encode(): _Door(_CLASSIFY, models.default)} if models.default else {}
    for model in models.find_all():
        name, version = model.identity.model, model.identity.version
        by_version = _Door("/v2/models/{model}/versions/{version}/infer", model)
        doors[f"/v2/models/{name}/versions/{version}/infer".encode()] = by_version
        doors[f"/v2/models/{name}/infer".encode()] = _Door("/v2/models/{model}/infer", models.find(name))
    return doors


def _explain(visit: Visit, error: BaseException) -> tuple[int, Answer]:
    codes = codes_of(error) if isinstance(error, Exception) else INTERNAL
    visit.trail.error = error
    content = orjson.dumps({"error": INTERNAL_ERROR_TEXT if codes is INTERNAL else str(error)})
    return codes.http, Answer(content, {"content-type": "application/json", **codes.http_headers()})
