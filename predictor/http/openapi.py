"""What /docs shows of paths and bodies that no framework parses: their form, and examples that work as they stand."""

from collections.abc import Iterable
from typing import Any

import orjson

from predictor.examples import ExampleRequest
from predictor.http.error_answers import ErrorAnswer
from predictor.identity import ModelIdentity

_NUMBERS = {"type": "array", "items": {"type": "number"}}
_ROWS = {"type": "array", "items": _NUMBERS}
_CLASSIFY = {
    "oneOf": [
        {"type": "object", "properties": {"row": _NUMBERS}, "required": ["row"], "additionalProperties": False},
        {"type": "object", "properties": {"rows": _ROWS}, "required": ["rows"], "additionalProperties": False},
        _NUMBERS,
        _ROWS,
    ]
}
_PARAMETERS = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_TENSOR = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "datatype": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "parameters": _PARAMETERS,
        "data": {"type": "array", "items": {}, "description": "flat in row-major order, or nested as `shape` says"},
    },
    "required": ["name", "datatype", "shape", "data"],
}
_INFER = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "parameters": _PARAMETERS,
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "parameters": _PARAMETERS},
                "required": ["name"],
            },
        },
    },
    "required": ["inputs"],
}
_INFER_ANSWER = {
    "type": "object",
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "parameters": _PARAMETERS,
        "outputs": {"type": "array", "items": _TENSOR},
    },
    "required": ["model_name", "outputs"],
}

ANY_ERROR: dict[int | str, dict[str, Any]] = {
    "default": {"model": ErrorAnswer, "description": "What was wrong, and what was expected"}
}
INFER_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer", "content": {"application/json": {"schema": _INFER_ANSWER}}}
}
INDEX_BODY = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
                "examples": {"ready": {"value": {"ready": True}}},
            }
        }
    }
}

ONNX_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def classify_body(examples: Iterable[ExampleRequest]) -> dict[str, Any]:
    """`openapi_extra` of POST /classify."""
    asked = [example for example in examples if example.path == "/classify"]
    json = {example.name: example for example in asked if example.content_type == "application/json"}
    csv = {example.name: example for example in asked if example.content_type == "text/csv"}
    content = {
        "application/json": {"schema": _CLASSIFY, "examples": {name: _parsed(json[name]) for name in json}},
        "text/csv": {"schema": {"type": "string"}, "examples": {name: {"value": csv[name].body} for name in csv}},
    }
    return {"requestBody": {"required": True, "content": content}}


def infer_body(examples: Iterable[ExampleRequest]) -> dict[str, Any]:
    """`openapi_extra` of POST .../infer."""
    shown = {example.name: _parsed(example) for example in examples if example.path != "/classify"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _INFER, "examples": shown}}}}


def path_of_model(shown: ModelIdentity) -> dict[str, Any]:
    """`openapi_extra` of a path with `{model}`."""
    return {"parameters": [_in_path("model", shown.model)]}


def path_of_version(shown: ModelIdentity) -> dict[str, Any]:
    """`openapi_extra` of a path with `{model}` and `{version}`."""
    return {"parameters": [_in_path("model", shown.model), _in_path("version", shown.version)]}


def _in_path(name: str, example: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": example}


def _parsed(example: ExampleRequest) -> dict[str, Any]:
    return {"value": orjson.loads(example.body)}
