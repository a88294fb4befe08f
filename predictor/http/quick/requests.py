"""A quick request on its way: gathered until it is whole, then in a turn, until it is answered or declined."""

from typing import Protocol

from predictor.http.quick.bodies import Read
from predictor.http.quick.heads import Head, Varying
from predictor.request_trail import Trail


class Connection(Protocol):
    """Where a request came from, and its answer goes."""

    def is_gone(self) -> bool:
        """Whether nobody is there any more."""

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The server's own, such as the date."""

    def answer(self, content: bytes) -> None:
        """Send the answer to the request that waits, from its status line on."""

    def decline(self) -> None:
        """Have the request that waits answered on the ordinary way."""


class QuickRequest:
    """A request; what is not known yet is None, 0 or empty."""

    __slots__ = (
        "_parts",
        "behind",
        "body_at",
        "connection",
        "first_row",
        "head",
        "is_withdrawn",
        "last_row",
        "left",
        "read",
        "trail",
        "varying",
    )

    read: Read
    trail: Trail
    first_row: int
    last_row: int

    def __init__(self, connection: Connection, head: Head, varying: Varying, content: bytes, body_at: int) -> None:
        self.connection = connection
        self.head = head
        self.varying = varying
        self._parts = [content]
        self.body_at = body_at
        self.left = body_at + varying.length - len(content)
        """Bytes that are still to come; below 0 where the client has sent more than the request."""
        self.behind = b""
        """What the client has sent since it was whole."""
        self.is_withdrawn = False
        """Whether its connection has found another way to answer it."""

    def add(self, content: bytes) -> None:
        """What came next on the connection."""
        self._parts.append(content)
        self.left -= len(content)

    def content(self) -> bytes:
        """What came, from the request's first byte on."""
        if len(self._parts) > 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0]
