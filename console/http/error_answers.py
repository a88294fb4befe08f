"""Errors as answers: one shape, `{"error": "..."}`, and the one place that maps errors to codes."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from access.errors import AccessError, KeyMissing, KeyRefused, ScopeMissing, TooManyRequests
from bundle import BundleError
from console import errors
from content_store.errors import ContentError
from content_store.http.error_answers import HTTP_STATUS as CONTENT_STATUS
from dataset import DatasetError, ReaderMissing
from promotion.errors import PromotionError
from promotion.recorded.answers import LabelsRefused
from promotion.rollout.rollout_store import RolloutInterrupted
from promotion.routers.traffic_router import RouterError
from records.errors import NotRecorded, QueryNotKnown, RecordsError
from training.errors import TrainingError

HTTP_STATUS: Sequence[tuple[type[Exception], int]] = (
    (KeyMissing, 401),
    (KeyRefused, 401),
    (ScopeMissing, 403),
    (TooManyRequests, 429),
    (AccessError, 503),
    (errors.NotFound, 404),
    (errors.Refused, 422),
    (errors.Conflict, 409),
    (errors.UploadMalformed, 400),
    (errors.UploadTooLarge, 413),
    (errors.UploadStalled, 408),
    (errors.ConsoleError, 503),
    *CONTENT_STATUS.items(),
    (ContentError, 503),
    (BundleError, 400),
    (ReaderMissing, 503),
    (DatasetError, 400),
    (LabelsRefused, 400),
    (RolloutInterrupted, 504),
    (RouterError, 503),
    (PromotionError, 500),
    (NotRecorded, 404),
    (QueryNotKnown, 400),
    (RecordsError, 503),
    (TrainingError, 503),
)
"""The first that fits."""

_MEANINGS = {
    400: "malformed; the message says where",
    404: "nothing of this name",
    408: "the upload stood still",
    409: "not now: something else is under way",
    413: "more than the limit",
    422: "understood, and cannot be",
    503: "what it needs does not answer",
    504: "it takes longer than is waited for",
}


class ErrorAnswer(BaseModel):
    """What every answer that is no success looks like."""

    error: str


def errors_of(*codes: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a door for those errors that a caller does something about."""
    return {code: {"model": ErrorAnswer, "description": _MEANINGS[code]} for code in codes}


def status_of(error: Exception) -> int:
    """The code of an error that is in the table."""
    return next(status for kind, status in HTTP_STATUS if isinstance(error, kind))


def error_answer(request: Request, status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in the one shape. The rest of an upload that is refused is not waited for."""
    closing = {"connection": "close"} if request.method in {"PUT", "POST"} else {}
    body = orjson.dumps({"error": text})
    return Response(body, status, {**(headers or {}), **closing}, media_type="application/json")


def add_error_answers(app: FastAPI) -> None:
    """Answer every error that is known here, and the framework's own, in the one shape."""

    async def answer_known(request: Request, error: Exception) -> Response:
        return error_answer(request, status_of(error), str(error))

    async def answer_framework(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        path = repr(request.url.path[:200])
        texts = {
            404: f"no such path: {path}; the paths are listed at /docs",
            405: f"{path} does not take {request.method[:20]}; expected {(error.headers or {}).get('Allow', '')}",
        }
        return error_answer(request, error.status_code, texts.get(error.status_code, str(error.detail)), error.headers)

    async def answer_invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        first = error.errors()[0]
        return error_answer(request, 400, f"{' '.join(str(part) for part in first['loc'])}: {first['msg']}")

    async def answer_gone(_: Request, _error: Exception) -> Response:
        return Response(status_code=499)  # nginx's word for it; nobody reads it

    async def answer_unknown(request: Request, _error: Exception) -> Response:
        return error_answer(request, 500, "internal error: the console's log says more")

    for kind, _ in HTTP_STATUS:
        app.add_exception_handler(kind, answer_known)
    app.add_exception_handler(HTTPException, answer_framework)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(ClientDisconnect, answer_gone)
    app.add_exception_handler(Exception, answer_unknown)
