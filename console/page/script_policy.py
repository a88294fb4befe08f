"""Which scripts may run on the page: files of ours, and the few inside of NiceGUI's own template, each by the nonce of
the answer that it came with. A script that somebody managed to put into the page has none.

`unsafe-eval` has to stand there, because NiceGUI makes handlers of events from text with eval, and Vue templates with
the Function constructor. What they are given is ours alone: no text of a caller gets there.
"""

import secrets

from jinja2 import BaseLoader, Environment
from nicegui import client
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.browser import page_policy

_NONCE = "csp_nonce"
_SCRIPT = "<script"


class ScriptPolicy:
    """The middleware; `path` is where the page is."""

    def __init__(self, app: ASGIApp, *, path: str) -> None:
        self._app = app
        self._path = f"{path}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._path):
            await self._app(scope, receive, send)
            return
        nonce = scope[_NONCE] = secrets.token_urlsafe(18)

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    scripts = (f"'nonce-{nonce}'", "'unsafe-eval'")
                    headers["content-security-policy"] = page_policy(scripts=scripts)
            await send(message)

        await self._app(scope, receive, send_with_policy)


class _WithNonces(BaseLoader):
    """NiceGUI's templates, in which every script says the nonce of its answer. What is put into them says none."""

    def __init__(self, inner: BaseLoader) -> None:
        self._inner = inner

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, object]:  # type: ignore[override]  # whether it is current is a function
        source, path, is_current = self._inner.get_source(environment, template)
        return source.replace(_SCRIPT, f'{_SCRIPT} nonce="{{{{ request.scope.{_NONCE} }}}}"'), path, is_current


def use_nonces() -> None:
    """From now on NiceGUI's scripts have nonces. Can be repeated."""
    environment = client.templates.env
    if environment.loader is not None and not isinstance(environment.loader, _WithNonces):
        environment.loader = _WithNonces(environment.loader)
