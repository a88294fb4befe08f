"""Before every door of the application: the key, its scope, and how often its owner asks. Nothing of a body is read."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from access import scopes
from access.browser import find_foreign, is_plain_address
from access.doorkeeper import Doorkeeper
from access.errors import AccessError
from predictor.error_table import codes_of, http_headers_of
from predictor.errors import NotAllowed
from predictor.http.door_scopes import DOOR_SCOPES
from predictor.http.error_answers import error_answer


class Admission:
    """The middleware, inside of the request's scope, so that who is turned away is counted, too."""

    def __init__(self, app: ASGIApp, *, doorkeeper: Doorkeeper) -> None:
        self._app = app
        self._doorkeeper = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        app = self._app
        if scope["type"] == "http":
            needed = DOOR_SCOPES.find(scope["method"], scope["path"])
            headers = Headers(scope=scope)
            try:
                if needed is scopes.Scope.ADMIN:
                    self._check_page(headers)
                self._doorkeeper.admit(needed, headers.get("authorization"), (scope["client"] or ("",))[0])
            except (AccessError, NotAllowed) as error:
                scope["state"]["trail"].error = error
                app = error_answer(codes_of(error).http, str(error), http_headers_of(error))
        await app(scope, receive, send)

    def _check_page(self, headers: Headers) -> None:
        """A browser on this machine reaches a predictor for every page that it shows: no stranger's changes models."""
        reason = find_foreign(headers)
        is_named = "origin" in headers and not is_plain_address(headers.get("host", ""))
        if not reason and is_named and not self._doorkeeper.is_asking:
            reason = "without keys a page changes nothing here but by an address or as localhost"
        if reason:
            raise NotAllowed(reason)
