"""What /docs shows of the doors for pictures and files: JSON, a form with a file, and the file as it is."""

from collections.abc import Iterable
from typing import Any

import orjson

from predictor.examples import ExampleRequest
from predictor.http.error_answers import ExplainedError
from predictor.http.openapi import ROWS_OR_ROW

EXPLAINED_ERROR: dict[int | str, dict[str, Any]] = {
    "default": {
        "model": ExplainedError,
        "description": "400 `bad request` or 403 `модель не смогла обработать данные`, or what was wrong",
    }
}
TOP_PARAMETER = {
    "name": "X-Top-K",
    "in": "header",
    "description": "how many of the best classes are answered",
    "schema": {"type": "integer", "minimum": 1, "maximum": 99_999, "default": 3},
}
_FILE = {"type": "string", "format": "binary"}
_IMAGE = {
    "type": "object",
    "properties": {"image": {"type": "string", "format": "byte", "description": "base64 of a PNG or JPEG"}},
    "required": ["image"],
    "additionalProperties": False,
}


def forward_body(examples: Iterable[ExampleRequest]) -> dict[str, Any]:
    """`openapi_extra` of POST /forward."""
    shown = {example.name: {"value": orjson.loads(example.body)} for example in examples if example.path == "/forward"}
    fields = {"image": _FILE, "top_k": {"type": "integer", "minimum": 1, "maximum": 99_999}}
    form = {"type": "object", "properties": fields, "required": ["image"], "additionalProperties": False}
    return _body(
        {
            "application/json": {"schema": {"oneOf": [*ROWS_OR_ROW, _IMAGE]}, "examples": shown},
            "multipart/form-data": {"schema": form},
        }
    )


def file_body(examples: Iterable[ExampleRequest], path: str) -> dict[str, Any]:
    """`openapi_extra` of a door for files."""
    shown = {example.name: {"value": example.body} for example in examples if example.path == path}
    form = {"type": "object", "properties": {"file": _FILE}, "required": ["file"], "additionalProperties": False}
    return _body(
        {
            "multipart/form-data": {"schema": form},
            "text/csv": {"schema": {"type": "string"}, "examples": shown},
            "application/zip": {"schema": _FILE},
        }
    )


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}}
