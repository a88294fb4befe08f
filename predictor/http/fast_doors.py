"""The doors of inference without the application: which requests they take, and the bytes of the answer.

They take only what is in order as far as its headers tell: an inference of a model that is loaded. Everything else,
and every error that headers alone make, is the application's to answer. What a body is made of is read, checked and
answered by the same functions as there (exchanges.py, data_plane.py, error_table.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from starlette.datastructures import Headers
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from access.doorkeeper import Doorkeeper, caller_name
from access.errors import AccessError
from access.scopes import Scope
from predictor.batches import Exchange
from predictor.data_plane import DataPlane
from predictor.error_table import GONE_AWAY, INTERNAL, INTERNAL_ERROR_TEXT, codes_of
from predictor.errors import RequestRefused
from predictor.http.body import Answer, write_answer
from predictor.http.content_coding import SMALLEST_COMPRESSED
from predictor.http.exchanges import read_classify, read_infer
from predictor.http.quick.heads import Door, Head, Heads, Varying
from predictor.http.quick.requests import QuickRequest
from predictor.http.quick.turns import Turns
from predictor.http.request_scope import model_headers, naming_headers, read_timeout
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


class Written(NamedTuple):
    """The bytes of an answer, and whether the connection ends with it."""

    content: bytes
    is_last: bool


class FastDoors:
    """The doors; one object for all connections."""

    def __init__(self, plane: DataPlane, doorkeeper: Doorkeeper, *, body_limit_bytes: int, rows_of_run: int) -> None:
        self.plane = plane
        self._doorkeeper = doorkeeper
        self._keys = doorkeeper.keys()
        self.turns = Turns(plane, self.write_quick, most_rows=rows_of_run)
        self._heads = Heads(
            self._find_quick, self._find_caller, most_rows=rows_of_run, client_header=plane.watch.client_header
        )
        self._body_limit_bytes = body_limit_bytes
        self._headers: dict[ServedModel, bytes] = {}
        self._default: list[tuple[bytes, bytes]] | None = None
        self._begin = b""
        self._models = plane.serving.models
        self._doors = _open_doors(self._models)

    def enter(self, url: bytes, fields: list[tuple[bytes, bytes]], address: str) -> Visit | None:
        """The visit of a POST request with these headers (names in lower case), unless it is the application's."""
        self._follow_models()
        door = self._doors.get(url)
        if door is None or not _NOT_TAKEN.isdisjoint(name for name, _ in fields):
            return None
        headers = Headers(raw=fields)
        if int(headers.get("content-length", self._body_limit_bytes + 1)) > self._body_limit_bytes:
            return None
        try:
            seconds = read_timeout(headers)
            self._doorkeeper.admit(Scope.INFER, headers.get("authorization"), address)
        except (RequestRefused, AccessError):  # which the application words
            return None
        return Visit(door.route, door.model, headers, seconds, self.plane.watch.begin("rest", headers, method="POST"))

    def enter_quick(self, head: bytes, address: str) -> tuple[Head, Varying] | None:
        """The head of a request that can be answered on the event loop, if its body is of a form that is known.

        `head` is all of it, up to and with the end of the last header. A head that is known holds the key that came
        with it, and is forgotten as soon as any key is no longer what it was.
        """
        self._follow_models()
        if self._doorkeeper.keys() is not self._keys:
            self._keys = self._doorkeeper.keys()
            self._heads.forget()
        if self.plane.serving.is_draining or self.plane.watch.is_tracing:
            return None
        found = self._heads.read(head)
        if found is None or not found[0].door.model.is_quick:
            return None
        length = found[1].length
        if length > self._body_limit_bytes or not found[0].bodies.can_take(length):
            return None
        return found if not self._doorkeeper.is_counting or self._may_ask_again(found[0], address) else None

    def leave_quick(self, head: Head, address: str) -> None:
        """A request that was entered so takes the ordinary way, and is counted there."""
        self._doorkeeper.uncount(head.caller or address)

    def begin_quick(self, head: Head, varying: Varying) -> Trail:
        """The trail of a request that was entered so, and is there."""
        said = {"traceparent": varying.trace_parent} if varying.trace_parent else {}
        if varying.request_id:
            said["x-request-id"] = varying.request_id
        if head.client:
            said[self.plane.watch.client_header] = head.client
        return self.plane.watch.begin("rest", said, method="POST")

    def write_quick(self, request: QuickRequest, content: bytes, json_size: int) -> bytes:
        """What is sent for an answer of which `json_size` bytes are JSON; it is counted."""
        head, trail = request.head, request.trail
        model = head.door.model
        self.plane.watch.end(trail, route=head.door.route, identity=model.identity, code=200)
        size, default = len(content), request.connection.default_headers()
        if json_size != size or (head.accepted and size >= SMALLEST_COMPRESSED):
            answer = write_answer({"accept-encoding": head.accepted}, content, json_size if json_size != size else None)
            return _put_together(200, answer, naming_headers(trail, model, is_draining=False), default)
        if default is not self._default:
            self._default, self._begin = default, STATUS_LINE[200] + _write_headers(default)
        named = (self._begin, trail.request_id.encode(), self._named(model), size, content)
        return b"%bx-request-id: %b\r\n%bcontent-length: %d\r\n\r\n%b" % named

    def _named(self, model: ServedModel) -> bytes:
        """The headers of every JSON answer of `model`."""
        found = self._headers.get(model)
        if found is None:
            headers = [(b"content-type", b"application/json"), *model_headers(model)]
            found = self._headers[model] = _write_headers(headers)
        return found

    def write(
        self, visit: Visit, outcome: Answer | BaseException, default: list[tuple[bytes, bytes]], *, is_last: bool
    ) -> Written:
        """What is sent for an answer or an error; it is counted. `default` are the server's own headers."""
        code, answer = (200, outcome) if isinstance(outcome, Answer) else _explain(visit, outcome)
        is_draining = self.plane.serving.is_draining
        named = naming_headers(visit.trail, visit.model, is_draining=is_draining)
        if is_last and not is_draining:
            named.append((b"connection", b"close"))
        self._end(visit, code)
        return Written(_put_together(code, answer, named, default), is_last or is_draining)

    def leave(self, visit: Visit) -> None:
        """The client went away before it was answered."""
        self._end(visit, GONE_AWAY.http)

    def _follow_models(self) -> None:
        models = self.plane.serving.models
        if models is not self._models:
            self._models, self._doors = models, _open_doors(models)
            self._heads.forget()
            self._headers.clear()

    def _find_caller(self, headers: Headers) -> str | None:
        """Under which a request with these headers is counted, empty for its address; None where it is not let in."""
        try:
            return caller_name(self._doorkeeper.check(Scope.INFER, headers.get("authorization")), "")
        except AccessError:
            return None

    def _may_ask_again(self, head: Head, address: str) -> bool:
        try:
            self._doorkeeper.count(head.caller or address)
        except AccessError:
            return False
        return True

    def _find_quick(self, url: bytes) -> Door | None:
        door = self._doors.get(url)
        return door if door and door.model.is_quick else None

    def _end(self, visit: Visit, code: int) -> None:
        self.plane.watch.end(visit.trail, route=visit.route, identity=visit.model.identity, code=code)


def _open_doors(models: ServedModels) -> dict[bytes, Door]:
    """The doors by their URL, as a client writes it that quotes nothing."""
    doors = {_CLASSIFY.encode(): Door(_CLASSIFY, models.default)} if models.default else {}
    for model in models.find_all():
        name, version = model.identity.model, model.identity.version
        by_version = Door("/v2/models/{model}/versions/{version}/infer", model)
        doors[f"/v2/models/{name}/versions/{version}/infer".encode()] = by_version
        doors[f"/v2/models/{name}/infer".encode()] = Door("/v2/models/{model}/infer", models.find(name))
    return doors


def _put_together(
    code: int, answer: Answer, named: list[tuple[bytes, bytes]], default: list[tuple[bytes, bytes]]
) -> bytes:
    said = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    said.append((b"content-length", b"%d" % len(answer.content)))
    return STATUS_LINE[code] + _write_headers((*default, *said, *named)) + b"\r\n" + answer.content


def _write_headers(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def _explain(visit: Visit, error: BaseException) -> tuple[int, Answer]:
    codes = codes_of(error) if isinstance(error, Exception) else INTERNAL
    visit.trail.error = error
    content = orjson.dumps({"error": INTERNAL_ERROR_TEXT if codes is INTERNAL else str(error)})
    return codes.http, Answer(content, {"content-type": "application/json", **codes.http_headers()})
