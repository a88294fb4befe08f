"""Before every door: the key, or the session of the page that a key began; its scope; how often its owner asks.

Nothing of a body is read. A request that a cookie speaks for is a browser's, which says where it comes from when it is
to change something; one that says nothing is refused (same_origin.py has refused those that come from elsewhere).
"""

from typing import Any
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access import scopes
from access.doorkeeper import Doorkeeper, caller_name
from access.errors import AccessError, Denied, KeyMissing, KeyRefused, ScopeMissing
from access.key_file import StoredKey
from access.scopes import DoorScopes
from console.http.door_scopes import DOOR_SCOPES, PAGE, SIGN_IN
from console.http.error_answers import error_answer, status_of
from console.http.sessions import Sessions, Visitor

COOKIE = "assay-session"
_LOOKS = frozenset({"GET", "HEAD"})


class Admission:
    """The middleware."""

    def __init__(
        self, app: ASGIApp, *, doorkeeper: Doorkeeper, sessions: Sessions, door_scopes: DoorScopes = DOOR_SCOPES
    ) -> None:
        self._app = app
        self._door_scopes = door_scopes
        self._doorkeeper = doorkeeper
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or one connection of the page."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            self._admit(scope, connection)
        except AccessError as error:
            await self._turn_away(error, scope, receive, send)
            return
        if scope["type"] == "websocket":
            receive = self._while_signed_in(scope, receive)
        elif self._doorkeeper.is_asking:
            send = _to_nobody_else(send)
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope, connection: HTTPConnection) -> None:
        method, path = scope.get("method", "GET"), scope["path"]
        needed = self._door_scopes.find(method, path)
        if needed is scopes.OPEN:
            return
        key = self._find_key(needed, method, scope, connection) if self._doorkeeper.is_asking else None
        if not path.startswith(f"{PAGE}/"):  # which loads dozens of files at once
            self._doorkeeper.count(caller_name(key, connection.client.host if connection.client else ""))
        if key is not None:
            _name(scope, key)

    def _find_key(
        self, needed: scopes.Scope, method: str, scope: Scope, connection: HTTPConnection
    ) -> StoredKey | None:
        given = connection.headers.get("authorization")
        token = connection.cookies.get(COOKIE)
        if given is not None or token is None:
            return self._doorkeeper.check(needed, given)
        key = self._sessions.find(token)
        if method not in _LOOKS and "origin" not in connection.headers:
            raise KeyMissing
        if not key.allows(needed):
            raise ScopeMissing(key.name, needed)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["visitor"] = Visitor(self._sessions, token)
        return key

    async def _turn_away(self, error: AccessError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope)
        is_view = scope["method"] == "GET" and request.headers.get("sec-fetch-dest", "document") == "document"
        if isinstance(error, KeyMissing | KeyRefused) and scope["path"].startswith(f"{PAGE}/") and is_view:
            asked = scope["path"] + (f"?{request.url.query}" if request.url.query else "")
            answer: ASGIApp = RedirectResponse(f"{SIGN_IN}?next={quote(asked)}", 303)
        else:
            headers = dict(error.headers) if isinstance(error, Denied) else {}
            answer = error_answer(request, status_of(error), str(error), headers)
        await answer(scope, receive, send)

    def _while_signed_in(self, scope: Scope, receive: Receive) -> Receive:
        """`receive`, which ends the connection when its session ends: the page says something every few seconds."""
        visitor: Visitor | None = scope.get("state", {}).get("visitor")

        async def receive_if_signed_in() -> Message:
            message = await receive()
            if visitor is not None and message["type"] == "websocket.receive":
                try:
                    visitor.check(scopes.Scope.READ)
                except AccessError:
                    return {"type": "websocket.disconnect", "code": 1008}
            return message

        return receive_if_signed_in


def _to_nobody_else(send: Send) -> Send:
    """`send`, by which no cache on the way keeps what was answered to a key, and gives it to somebody without one."""

    async def send_privately(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            kept = headers.get("cache-control")
            headers["cache-control"] = kept.replace("public", "private") if kept else "no-store"
        await send(message)

    return send_privately


def _name(scope: Scope, key: StoredKey) -> None:
    """What is done is done in the name of the key, whatever the caller calls itself."""
    others = [(name, value) for name, value in scope["headers"] if name != b"x-assay-by"]
    scope["headers"] = [*others, (b"x-assay-by", key.name.encode())]
