"""Before every door of the application: the key, its scope, and how often its owner asks. Nothing of a body is read."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from access.doorkeeper import Doorkeeper
from access.errors import AccessError
from predictor.error_table import codes_of, http_headers_of
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
            given = Headers(scope=scope).get("authorization")
            try:
                self._doorkeeper.admit(needed, given, (scope["client"] or ("",))[0])
            except AccessError as error:
                scope["state"]["trail"].error = error
                app = error_answer(codes_of(error).http, str(error), http_headers_of(error))
        await app(scope, receive, send)
