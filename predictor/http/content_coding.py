"""Compressed bodies, both ways: gzip, and what HTTP calls deflate (RFC 9110, section 8.4.1: the zlib format).

They cost milliseconds where they are large, so whoever calls this does it in an inference thread.
"""

import zlib

from open_inference.json_object import quote
from predictor.errors import BodyTooLarge, RequestRefused

_WINDOW_BITS = {"gzip": 31, "deflate": 15}  # zlib's numbers for the two formats
SMALLEST_COMPRESSED = 1400  # bytes: what fits into one packet arrives no sooner for being smaller
_LEVEL = 1


def check_coding(coding: str) -> None:
    """Raises RequestRefused for a Content-Encoding that `decompress` does not know."""
    if coding.lower() not in {"identity", *_WINDOW_BITS}:
        raise RequestRefused(f"the content-encoding is {quote(coding)}; expected gzip, deflate or none")


def decompress(content: bytes, coding: str, limit_bytes: int) -> bytes:
    """A body as it was before it was coded. Raises RequestRefused, and BodyTooLarge as soon as the limit is reached."""
    if coding.lower() == "identity":
        return content
    stream = zlib.decompressobj(_WINDOW_BITS[coding.lower()])
    try:
        plain = stream.decompress(content, limit_bytes + 1)
    except zlib.error as error:
        raise RequestRefused(f"the body is not {coding}: {error}") from error
    if len(plain) > limit_bytes:
        raise too_large(limit_bytes)
    if not stream.eof or stream.unused_data:
        found = "goes on behind its end" if stream.eof else "has no end"
        raise RequestRefused(f"the body {found}; expected one whole {coding} stream")
    return plain


def compress(content: bytes, accepted: str) -> tuple[bytes, str | None]:
    """An answer as a client accepts it (the value of Accept-Encoding), and its coding; as it is where it is small."""
    if len(content) < SMALLEST_COMPRESSED or not accepted:
        return content, None
    coding = _choose(accepted)
    if coding is None:
        return content, None
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS[coding])
    return stream.compress(content) + stream.flush(), coding


def too_large(limit_bytes: int) -> BodyTooLarge:
    """The error of a body over the limit."""
    return BodyTooLarge(f"the body is too large; expected at most {limit_bytes} bytes")


def _choose(accepted: str) -> str | None:
    wanted = set()
    for part in accepted.lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if weight.strip("0.") or not weight:
            wanted.add(coding)
    return next((coding for coding in _WINDOW_BITS if coding in wanted), None)
