"""Errors as answers: one shape, `{"error": "..."}`. The codes are error_table.py's."""

from collections.abc import Mapping

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response


class ErrorAnswer(BaseModel):
    """What every answer that is no success looks like."""

    error: str


class ExplainedError(ErrorAnswer):
    """The same from a door whose callers look for one of two texts."""

    detail: str | None = Field(None, description="what was wrong with this request")


def error_answer(status: int, text: str, headers: Mapping[str, str] | None = None, **more: str) -> Response:
    """An answer in the one shape."""
    return Response(orjson.dumps({"error": text, **more}), status, headers, media_type="application/json")
