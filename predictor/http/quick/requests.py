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
        "behind",
        "body_at",
        "connection",
        "content",
        "first_row",
        "head",
        "is_withdrawn",
        "last_row",
        "read",
        "size",
        "trail",
        "varying",
    )

    read: Read
    trail: Trail
    first_row: int
    last_row: int

    def __init__(
        self, connection: Connection, head: Head, varying: Varying, content: bytes | bytearray, body_at: int
    ) -> None:
        self.connection = connection
        self.head = head
        self.varying = varying
        self.content = content
        self.body_at = body_at
        self.size = body_at + varying.length
        self.behind = b""
        """What the client has sent before it was answered."""
        self.is_withdrawn = False
        """Whether its connection has found another way to answer it."""
