"""The doors of inference without the application: which requests they take, and the bytes of the answer.

They take only what is in order as far as its headers tell: an inference of a model that is loaded. Everything else,
and every error that headers alone make, is the application's to answer. What a body is made of is read, checked and
answered by the same functions as there (exchanges.py, data_plane.py, error_table.py).
"""

import time
from dataclasses import dataclass, field
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
from predictor.http.request_scope import caller_of, log_failure, naming_headers
from predictor.metrics import PredictorMetrics
from predictor.request_id import choose_request_id
from predictor.served_model import ServedModel
from predictor.served_models import ServedModels

_CLASSIFY = "/classify"
_NOT_TAKEN = frozenset({b"transfer-encoding", b"content-encoding", b"upgrade", b"expect"})


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """A request that a fast door has taken, with the model that was served when it arrived."""

    route: str
    path: str
    model: ServedModel
    headers: Headers
    request_id: str
    seconds: float
    """How long the caller waits."""
    started: float = field(default_factory=time.perf_counter)

    def read(self, body: bytes) -> Exchange[Answer]:
        """Raises RequestRefused or ProtocolError."""
        if self.route == _CLASSIFY:
            return read_classify(body, self.headers, self.request_id, self.model, with_probabilities=False)
        return read_infer(body, self.headers, self.request_id)


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

    def __init__(self, plane: DataPlane, metrics: PredictorMetrics, *, body_limit_bytes: int) -> None:
        self.plane = plane
        self._metrics = metrics
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
            seconds = caller_of(headers).seconds
        except RequestRefused:
            return None
        request_id = choose_request_id(headers.get("x-request-id", ""))
        return Visit(door.route, url.decode(), door.model, headers, request_id, seconds)

    def write(
        self, visit: Visit, outcome: Answer | BaseException, default: list[tuple[bytes, bytes]], *, is_last: bool
    ) -> Written:
        """What is sent for an answer or an error; it is counted. `default` are the server's own headers."""
        code, answer = (200, outcome) if isinstance(outcome, Answer) else _explain(visit, outcome)
        is_draining = self.plane.serving.is_draining
        named = naming_headers(visit.request_id, visit.model, is_draining=is_draining)
        if is_last and not is_draining:
            named.append((b"connection", b"close"))
        said = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        said.append((b"content-length", b"%d" % len(answer.content)))
        head = b"".join(b"%b: %b\r\n" % header for header in (*default, *said, *named))
        self._count(visit, code)
        return Written(STATUS_LINE[code] + head + b"\r\n" + answer.content, is_last or is_draining)

    def leave(self, visit: Visit) -> None:
        """The client went away before its body was there."""
        self._count(visit, GONE_AWAY.http)

    def _count(self, visit: Visit, code: int) -> None:
        if code > 500:
            log_failure(visit.request_id, code, method="POST", path=visit.path)
        self._metrics.count_request(
            transport="rest",
            route=visit.route,
            identity=visit.model.identity,
            code=code,
            seconds=time.perf_counter() - visit.started,
        )


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
    text = str(error)
    if codes is INTERNAL:
        log_failure(visit.request_id, codes.http, method="POST", path=visit.path, exc_info=error)
        text = INTERNAL_ERROR_TEXT
    content = orjson.dumps({"error": text})
    return codes.http, Answer(content, {"content-type": "application/json", **codes.http_headers()})
