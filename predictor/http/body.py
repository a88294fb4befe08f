"""Bodies: read with a limit before anything looks into them, and written as a client accepts them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from open_inference.binary_body import JSON_SIZE_HEADER
from predictor.http.content_coding import check_coding, compress, decompress, too_large


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and its headers."""

    content: bytes
    headers: dict[str, str]

    def to_response(self) -> Response:
        """The answer for the framework."""
        return Response(self.content, headers=self.headers)


async def read_body(request: Request, limit_bytes: int) -> Callable[[], bytes]:
    """Read the whole body, announced or chunked; what comes back decompresses it, and is called in another thread.

    Raises BodyTooLarge as soon as it is known and RequestRefused, both now and when it is decompressed; starlette's
    ClientDisconnect when the client goes away meanwhile.
    """
    coding = request.headers.get("content-encoding", "identity")
    check_coding(coding)
    if int(request.headers.get("content-length", 0)) > limit_bytes:
        raise too_large(limit_bytes)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise too_large(limit_bytes)
        chunks.append(chunk)
    return lambda: decompress(b"".join(chunks), coding, limit_bytes)


def write_answer(asked: Mapping[str, str], content: bytes, json_size: int | None = None) -> Answer:
    """An answer to a request with the headers `asked`: JSON, or `json_size` bytes of JSON and then binary data."""
    headers = {"content-type": "application/json"}
    if json_size is not None:
        headers = {"content-type": "application/octet-stream", JSON_SIZE_HEADER: str(json_size)}
    content, coding = compress(content, asked.get("accept-encoding", ""))
    if coding:
        headers["content-encoding"] = coding
    return Answer(content, headers)
