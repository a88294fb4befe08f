"""What browsers are told and asked: the headers of every answer, and whether a request comes from a page of ours.

script-src    what is ours: by origin, by the nonce of a page, or by the hash of a script that never changes
style-src     inline styles too, where a library writes them: a style runs nothing
the rest      ours, or nothing; no page of ours is shown within another one
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from ipaddress import ip_address
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of an answer that is no page."""
_INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",  # `no-referrer` would make the Origin of a form `null`
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"content-security-policy": NOTHING.encode(),
}
_UNDER_TLS = {b"strict-transport-security": b"max-age=31536000"}


class BrowserHeaders:
    """An ASGI middleware: its headers are on every answer that does not say otherwise itself.

    `own_pages` are paths of pages that hold nothing which a caller has written: the scripts inside of them may run.
    `only_looks`: answers to what is posted have none, where that is programs' alone.
    """

    def __init__(self, app: Application, *, own_pages: frozenset[str] = frozenset(), only_looks: bool = False) -> None:
        self._app = app
        self._own_pages = own_pages
        self._only_looks = only_looks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or (self._only_looks and scope["method"] not in {"GET", "HEAD"}):
            await self._app(scope, receive, send)
            return
        wanted = _ALWAYS | (_UNDER_TLS if scope.get("scheme") == "https" else {})
        held: list[MutableMapping[str, Any]] = []

        async def send_with(message: MutableMapping[str, Any]) -> None:
            if scope["path"] in self._own_pages:
                held.append(message)
                if message.get("more_body") or message["type"] == "http.response.start":
                    return
                page = b"".join(one.get("body", b"") for one in held)
                policy = page_policy(scripts=hashes_of_scripts(page))
                wanted[b"content-security-policy"] = policy.encode()
                for one in held:
                    await add_headers(one)
                return
            await add_headers(message)

        async def add_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
                there = {name.lower() for name, _ in given}
                message["headers"] = [*given, *(one for one in wanted.items() if one[0] not in there)]
            await send(message)

        await self._app(scope, receive, send_with)


def page_policy(*, scripts: Iterable[str]) -> str:
    """The policy of a page of ours; `scripts` is what may run beside the files of our origin, as CSP writes it."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {' '.join(scripts)}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def hashes_of_scripts(page: bytes) -> tuple[str, ...]:
    """Of the scripts inside of a page that nobody but us has written, as CSP writes them."""
    return tuple(hash_source(script) for script in _INLINE.findall(page))


def hash_source(content: bytes) -> str:
    """A script or a style inside of a page, as CSP writes it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


def find_foreign(headers: Mapping[str, str]) -> str:
    """Why a request is not of a page of ours, by what its browser says; empty where it is, or comes from a program."""
    host = headers.get("host", "")
    origin = headers.get("origin")
    if origin is not None and _place_of(origin) != host:
        return f"a page of {origin[:100]!r} asks for nothing here"
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return "a page of another site asks for nothing here"
    return ""


def _place_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # no URL
        return None


def is_plain_address(host: str) -> bool:
    """Whether a header Host names an address or localhost, so that no name was made to lead here (DNS rebinding)."""
    name = host_name(host)
    if name == "localhost":
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def host_name(host: str) -> str:
    """The name in a header Host; empty where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
