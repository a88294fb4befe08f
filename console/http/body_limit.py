"""Bodies that are read into memory: JSON, the page's messages. What becomes a file has its own limits (uploads.py)."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.http.error_answers import error_answer

LIMIT_BYTES = 8 * 2**20
_FILES = ("/add_data", "/bundles", "/holdouts")


class BodyLimit:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"].startswith(_FILES):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        stated = request.headers.get("content-length", "0")
        if not stated.isdecimal() or int(stated) > LIMIT_BYTES:
            await error_answer(request, 413, _text(stated))(scope, receive, send)
            return
        received = 0

        async def receive_within() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LIMIT_BYTES:
                raise HTTPException(413, _text(f"over {LIMIT_BYTES}"))
            return message

        await self._app(scope, receive_within, send)


def _text(found: str) -> str:
    return f"{found[:20]} bytes; expected at most {LIMIT_BYTES}"
