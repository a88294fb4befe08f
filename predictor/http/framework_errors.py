"""What the doors raise, and the framework itself, becomes an answer in the one shape (error_answers.py)."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from open_inference.json_object import quote
from predictor.error_table import CODES, codes_of, http_headers_of
from predictor.errors import Explained
from predictor.http.error_answers import error_answer


def add_error_answers(app: FastAPI) -> None:
    """Answer every error that is in the table, and the framework's own, in the one shape."""

    async def answer_known(request: Request, error: Exception) -> Response:
        request.state.trail.error = error
        codes = codes_of(error)
        more = {"detail": error.detail} if isinstance(error, Explained) else {}
        return error_answer(codes.http, str(error), http_headers_of(error), **more)

    async def answer_framework(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        path = quote(request.url.path)
        if error.status_code == 404:
            return error_answer(404, f"no such path: {path}; the paths are listed at /docs")
        if error.status_code == 405:
            allowed = (error.headers or {})["Allow"]
            return error_answer(405, f"{path} does not take {request.method}; expected {allowed}", error.headers)
        return error_answer(error.status_code, str(error.detail), error.headers)

    async def answer_invalid(_: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        first = error.errors()[0]
        return error_answer(400, f"{' '.join(str(part) for part in first['loc'])}: {first['msg']}")

    for kind in CODES:
        app.add_exception_handler(kind, answer_known)
    app.add_exception_handler(HTTPException, answer_framework)
    app.add_exception_handler(RequestValidationError, answer_invalid)
