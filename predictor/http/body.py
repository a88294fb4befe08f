"""Bodies, read with a limit before anything looks into them.

Compressed bodies and V2's binary tensors will be taken apart here.
"""

from starlette.requests import Request

from open_inference.json_object import quote
from predictor.errors import BodyTooLarge, RequestRefused


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body, announced or chunked. Raises BodyTooLarge as soon as it is known, RequestRefused.

    Raises starlette's ClientDisconnect when the client goes away meanwhile.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise RequestRefused(f"the content-encoding is {quote(encoding)}; expected none")
    if int(request.headers.get("content-length", 0)) > limit_bytes:
        raise _too_large(limit_bytes)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is too large; expected at most {limit_bytes} bytes")
