"""The heads of requests: read once by the parser that reads all of them, and known by their bytes from then on.

What differs from request to request is cut out first: the length of the body, and the ids under which it is traced.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import httptools
from starlette.datastructures import Headers

from open_inference import ProtocolError
from open_inference.binary_body import JSON_SIZE_HEADER, read_json_size
from predictor.http.quick.bodies import Bodies
from predictor.http.quick.known import Known
from predictor.served_model import ServedModel

_VARYING = re.compile(rb"\r\n(content-length|x-request-id|traceparent): ([\x21-\x7e]{1,128})(?=\r\n)", re.IGNORECASE)
_NOT_TAKEN = frozenset(
    {
        b"content-encoding",
        b"content-length",
        b"expect",
        b"traceparent",
        b"transfer-encoding",
        b"upgrade",
        b"x-request-id",
        b"x-request-timeout-ms",
    }
)
"""Headers that are the ordinary way's affair; three of them where they are written otherwise than `_VARYING` has it."""
_MOST_DIGITS = 9
_MOST_BYTES = 4096


class Door(NamedTuple):
    """A path's template, and the model that answers there."""

    route: str
    model: ServedModel


class Head(NamedTuple):
    """What requests with one head have in common."""

    door: Door
    accepted: str
    """The value of Accept-Encoding."""
    bodies: Bodies
    client: str
    """The value of the header that says who asks; empty where none does, or nobody records it."""
    caller: str
    """Whose key it is; empty where no keys are needed."""


class Varying(NamedTuple):
    """What they differ in."""

    length: int
    """Of the body, in bytes."""
    request_id: str
    trace_parent: str
    """Both are empty where the client says none."""


class Heads:
    """The heads that are known; `find_door` gives the door at a URL, `find_caller` who is let in. For one thread."""

    def __init__(
        self,
        find_door: Callable[[bytes], Door | None],
        find_caller: Callable[[Headers], str | None],
        *,
        most_rows: int,
        client_header: str = "",
    ) -> None:
        self._find_door = find_door
        self._find_caller = find_caller
        self._most_rows = most_rows
        self._client_header = client_header
        self._known: Known[bytes, Head] = Known(self._parse)
        self._whole: Known[bytes, tuple[Head, Varying]] = Known(self._read)

    def forget(self) -> None:
        """The doors have changed, or the keys."""
        self._known.clear()
        self._whole.clear()

    def read(self, head: bytes) -> tuple[Head, Varying] | None:
        """A request's head, up to and with the end of its last header; None where it takes the ordinary way."""
        return self._whole.get(head) or self._read(head)

    def _read(self, head: bytes) -> tuple[Head, Varying] | None:
        first, *cut = _VARYING.split(head)
        rest = b"".join((first, *cut[2::3]))
        known = self._known.get(rest) if len(rest) <= _MOST_BYTES else None
        if known is None:
            return None
        varying = _read_varying(cut[0::3], cut[1::3])
        return (known, varying) if varying else None

    def _parse(self, rest: bytes) -> Head | None:
        parsed = _Parsed()
        if b"\r\n " in rest or b"\r\n\t" in rest or not parsed.is_one_post(rest):
            return None
        door = self._find_door(parsed.url)
        if door is None or not _NOT_TAKEN.isdisjoint(name for name, _ in parsed.fields):
            return None
        headers = Headers(raw=parsed.fields)
        caller = self._find_caller(headers)
        if caller is None:
            return None
        try:
            json_size = read_json_size(headers.get(JSON_SIZE_HEADER))
        except ProtocolError:
            return None
        bodies = Bodies(door.route, door.model, headers, json_size=json_size, most_rows=self._most_rows)
        client = headers.get(self._client_header, "") if self._client_header else ""
        return Head(door, headers.get("accept-encoding", ""), bodies, client, caller)


def _read_varying(names: list[bytes], values: list[bytes]) -> Varying | None:
    said = {name.lower(): value.decode("ascii") for name, value in zip(names, values, strict=True)}
    length = said.get(b"content-length", "")
    if len(said) != len(names) or not length.isdigit() or len(length) > _MOST_DIGITS:
        return None
    return Varying(int(length), said.get(b"x-request-id", ""), said.get(b"traceparent", ""))


class _Parsed:
    """What the parser of all other requests makes of a head that says no length."""

    def __init__(self) -> None:
        self.url = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self._ends = 0

    def is_one_post(self, head: bytes) -> bool:
        """Whether it is one POST of HTTP/1.1, on a connection that is kept."""
        parser = httptools.HttpRequestParser(self)
        try:
            parser.feed_data(head + b"\r\n")
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return False
        is_post = parser.get_method() == b"POST" and parser.get_http_version() == "1.1"
        return is_post and self._ends == 1 and parser.should_keep_alive()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self._ends += 1
