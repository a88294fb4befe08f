"""Other sites' pages ask for nothing here.

A console without keys trusts whoever reaches it, and a browser on this machine reaches it for every page that it shows.
So a request that a browser says comes from another site is refused, and so is one for a name that is not this
console's, by which a page could make itself look like one of ours (DNS rebinding).
"""

from collections.abc import Collection

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from access.browser import find_foreign, host_name

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SameOrigin:
    """The middleware. `hosts` are the names that it answers to; empty: any."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = _LOOPBACK) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] in {"http", "websocket"} and (reason := self._find_foreign(Headers(scope=scope))):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await Response(orjson.dumps({"error": reason}), 403, media_type="application/json")(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _find_foreign(self, headers: Headers) -> str:
        host = headers.get("host", "")
        if self._hosts and host_name(host) not in self._hosts:
            return f"{host[:100]!r} is no name of this console; expected {' or '.join(sorted(self._hosts))}"
        return find_foreign(headers)
