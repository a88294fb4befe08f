"""A body whose JSON is followed by the data of its tensors: V2's extension for binary tensor data.

The header `Inference-Header-Content-Length` says how many bytes of the body are JSON. A tensor without `data` has the
parameter `binary_data_size`, and that many of the bytes behind the JSON, in the order in which the tensors stand there.
"""

from collections.abc import Sequence
from typing import Self

from open_inference.errors import MalformedMessage
from open_inference.json_object import describe, quote

JSON_SIZE_HEADER = "Inference-Header-Content-Length"
BINARY_DATA_SIZE = "binary_data_size"
_MOST_DIGITS = 18


def read_json_size(header: str | None) -> int | None:
    """The size in bytes of a body's JSON, from the header's value. Raises MalformedMessage."""
    if header is None:
        return None
    if not (header.isascii() and header.isdigit() and len(header) <= _MOST_DIGITS):
        raise MalformedMessage(f"the header {JSON_SIZE_HEADER} is {quote(header)}", "the size of the body's JSON")
    return int(header)


class BinaryParts:
    """What follows a body's JSON, taken part by part."""

    def __init__(self, content: memoryview) -> None:
        self._rest = content

    @classmethod
    def split(cls, content: bytes, json_size: int | None) -> tuple[bytes, Self | None]:
        """A body's JSON and what follows it; no parts where `json_size` is None. Raises MalformedMessage."""
        if json_size is None:
            return content, None
        if json_size > len(content):
            found = f"the body has {len(content)} bytes"
            raise MalformedMessage(found, f"at least the {json_size} that {JSON_SIZE_HEADER} says")
        return content[:json_size], cls(memoryview(content)[json_size:])

    def take(self, size: object, place: str) -> memoryview:
        """The next `size` bytes. Raises MalformedMessage, which starts with `place`, when there are not as many."""
        if type(size) is not int or not 0 <= size <= len(self._rest):
            found = f"{place}: {BINARY_DATA_SIZE} is {describe(size)}"
            raise MalformedMessage(found, f"a whole number, at most the {len(self._rest)} bytes that are left")
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def check_end(self) -> None:
        """Raises MalformedMessage when something is left."""
        if self._rest:
            raise MalformedMessage(f"{len(self._rest)} bytes follow the last tensor's data", "none")


def join(json: bytes, parts: Sequence[bytes]) -> tuple[bytes, int]:
    """The body, and the value of its Inference-Header-Content-Length."""
    return b"".join((json, *parts)), len(json)
