"""Errors as answers: one shape, `{"error": "..."}`, and the one place that maps errors to codes."""

from collections.abc import Mapping
from types import MappingProxyType

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from content_store import errors

HTTP_STATUS: Mapping[type[errors.ContentError], int] = MappingProxyType(
    {
        errors.AddressNotUsable: 400,
        errors.ContentMalformed: 400,
        errors.ContentNotFound: 404,
        errors.UploadStalled: 408,
        errors.ContentTooLarge: 413,
        errors.ContentMismatch: 422,
        errors.StoreBusy: 503,
        errors.DiskRefuses: 503,
        errors.DiskFull: 507,
    }
)


def error_answer(request: Request, status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in the one shape. The rest of an upload that is refused is not waited for."""
    closing = {"connection": "close"} if request.method == "PUT" else {}
    body = orjson.dumps({"error": text})
    return Response(body, status, {**(headers or {}), **closing}, media_type="application/json")


async def _answer_known(request: Request, error: Exception) -> Response:
    status = next(status for kind, status in HTTP_STATUS.items() if isinstance(error, kind))
    return error_answer(request, status, str(error))


async def _answer_framework(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    path = f"{request.url.path[:200]!r}"
    texts = {
        404: f"no such path: {path}; expected /bundles/sha256:… or /holdouts/sha256:…",
        405: f"{path} does not take {request.method[:20]}; nothing here is changed or deleted",
    }
    text = texts.get(error.status_code, error.detail)
    return error_answer(request, error.status_code, text, error.headers)


async def _answer_gone(_: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # nginx's word for it; it is counted, and nobody reads it


async def _answer_unknown(request: Request, _error: Exception) -> Response:
    return error_answer(request, 500, "internal error: the store's log says more")


ERROR_ANSWERS: Mapping[type[Exception], ExceptionHandler] = MappingProxyType(
    {
        errors.ContentError: _answer_known,
        HTTPException: _answer_framework,
        ClientDisconnect: _answer_gone,
        Exception: _answer_unknown,
    }
)
