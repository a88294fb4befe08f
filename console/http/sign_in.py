"""Signing in to the page with a key, and out again: a form, without a script."""

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from access.browser import hash_source
from access.doorkeeper import Doorkeeper
from access.errors import AccessError
from access.scopes import Scope
from console.http.admission import COOKIE
from console.http.door_scopes import PAGE, SIGN_IN, SIGN_OUT
from console.http.error_answers import status_of
from console.http.sessions import SESSION_SECONDS, Sessions

_MOST_BYTES = 4096
_STYLE = (Path(__file__).parent / "sign_in.css").read_text(encoding="utf-8")
_PAGE = Template((Path(__file__).parent / "sign_in.html").read_text(encoding="utf-8"))
_POLICY = (
    f"default-src 'none'; style-src {hash_source(_STYLE.encode())}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def sign_in_doors(doorkeeper: Doorkeeper, sessions: Sessions) -> APIRouter:
    """GET and POST /sign-in, POST /sign-out. They are a browser's, and in no description of the API."""
    router = APIRouter(include_in_schema=False)

    @router.get(SIGN_IN)
    def show_form(request: Request) -> Response:
        if not doorkeeper.is_asking:
            return RedirectResponse(f"{PAGE}/", 303)
        return _show(request.query_params.get("next", ""), "", 200)

    @router.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        form = await _read_form(request)
        wanted = form.get("next", "")
        if "origin" not in request.headers:
            return _show(wanted, "The browser did not say where the form was filled in.", 403)
        try:
            doorkeeper.count(request.client.host if request.client else "")
            key = doorkeeper.check(Scope.READ, f"Bearer {form.get('key', '')}")
        except AccessError as error:
            return _show(wanted, str(error), status_of(error))
        answer = RedirectResponse(_within_page(wanted), 303)
        if key is not None:
            answer.set_cookie(
                COOKIE,
                sessions.begin(key),
                max_age=SESSION_SECONDS,
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
            )
        return answer

    @router.post(SIGN_OUT)
    async def sign_out(request: Request) -> Response:
        sessions.end(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    return router


async def _read_form(request: Request) -> dict[str, str]:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MOST_BYTES:
            return {}
    return {name: values[0].strip() for name, values in parse_qs(content.decode(errors="replace")).items()}


def _within_page(wanted: str) -> str:
    """Where the visitor was going, if that is a view of ours."""
    is_ours = wanted.startswith(f"{PAGE}/") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_ours else f"{PAGE}/"


def _show(wanted: str, problem: str, status: int) -> Response:
    told = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    content = _PAGE.substitute(style=_STYLE, problem=told, next=escape(wanted), action=SIGN_IN)
    return HTMLResponse(content, status, {"content-security-policy": _POLICY, "cache-control": "no-store"})
