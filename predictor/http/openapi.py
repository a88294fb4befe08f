"""What /docs shows of paths, bodies, headers and errors that no framework parses, and examples that work as they stand.

tests/predictor/test_openapi.py holds the server to all of it.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from open_inference.binary_body import JSON_SIZE_HEADER
from open_inference.datatypes import DATATYPES
from predictor.examples import ExampleRequest
from predictor.http.error_answers import ErrorAnswer
from predictor.http.request_scope import TIMEOUT_HEADER
from predictor.identity import ModelIdentity

Responses = dict[int | str, dict[str, Any]]
"""`responses` of a router or a door."""

_NUMBERS = {"type": "array", "items": {"type": "number"}}
_ROWS = {"type": "array", "items": _NUMBERS}
ROWS_OR_ROW = (
    {"type": "object", "properties": {"row": _NUMBERS}, "required": ["row"], "additionalProperties": False},
    {"type": "object", "properties": {"rows": _ROWS}, "required": ["rows"], "additionalProperties": False},
    _NUMBERS,
    _ROWS,
)
"""The forms of JSON that rows can have."""
_CLASSIFY = {"anyOf": ROWS_OR_ROW}
_PARAMETERS = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_TENSOR = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "datatype": {"enum": list(DATATYPES)},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "parameters": _PARAMETERS,
        "data": {
            "type": "array",
            "items": {"type": ["number", "string", "boolean", "array"]},
            "description": "flat in row-major order, or nested as `shape` says; or binary, behind the JSON",
        },
    },
    "required": ["name", "datatype", "shape"],
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

_ERRORS = {
    400: "The request is not what the protocol or the model takes",
    404: "No such model or version",
    413: "The body has more bytes than the limit",
    429: "As many requests as the limit wait or are worked on; this one can be sent again",
    503: "No model is ready yet, or the server is draining",
    504: "No answer at the request's deadline",
}
ANY_ERROR: Responses = {"default": {"model": ErrorAnswer, "description": "Any other error: the one shape of them all"}}
INFER_ANSWER: Responses = {
    200: {
        "description": "The outputs, in JSON, or behind it where the request asks for binary data",
        "content": {
            "application/json": {"schema": _INFER_ANSWER},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_NAMING = {
    "x-request-id": "the request's id: the caller's own, or one that was made",
    "x-assay-model": "name of the model that answered",
    "x-assay-version": "its version",
    "x-assay-revision": "the revision that answered",
    "x-assay-bundle-digest": "digest of the revision's bundle",
}
_TIMEOUT = {
    "name": TIMEOUT_HEADER,
    "in": "header",
    "description": "milliseconds that the caller waits; then 504",
    "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
}
_JSON_SIZE = {
    "name": JSON_SIZE_HEADER,
    "in": "header",
    "description": "bytes of the body that are JSON, where tensors' data stand behind it",
    "schema": {"type": "integer", "minimum": 0},
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


def errors(*codes: int) -> Responses:
    """`responses` of a door for those errors that a caller does something about."""
    return {code: {"model": ErrorAnswer, "description": _ERRORS[code]} for code in codes}


def name_answers(description: dict[str, Any]) -> dict[str, Any]:
    """The whole description, with the headers that request_scope.py gives to every answer."""
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in _NAMING.items()}
    headers["retry-after"] = {"description": "seconds", "schema": {"type": "integer"}}
    description["components"]["headers"] = headers
    for methods in description["paths"].values():
        for operation in methods.values():
            for code, answer in operation["responses"].items():
                names = [*_NAMING, "retry-after"] if code == "429" else _NAMING
                answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return description


def classify_body(examples: Iterable[ExampleRequest]) -> dict[str, Any]:
    """`openapi_extra` of POST /classify."""
    asked = [example for example in examples if example.path == "/classify"]
    json = {example.name: example for example in asked if example.content_type == "application/json"}
    csv = {example.name: example for example in asked if example.content_type == "text/csv"}
    content = {
        "application/json": {"schema": _CLASSIFY, "examples": {name: _parsed(json[name]) for name in json}},
        "text/csv": {"schema": {"type": "string"}, "examples": {name: {"value": csv[name].body} for name in csv}},
    }
    return {"requestBody": {"required": True, "content": content}, "parameters": [_TIMEOUT]}


def infer_body(examples: Iterable[ExampleRequest], in_path: dict[str, Any]) -> dict[str, Any]:
    """`openapi_extra` of POST .../infer, whose path is described by `in_path`."""
    shown = {example.name: _parsed(example) for example in examples if example.path.endswith("/infer")}
    content = {
        "application/json": {"schema": _INFER, "examples": shown},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    }
    parameters = [*in_path["parameters"], _JSON_SIZE, _TIMEOUT]
    return {"requestBody": {"required": True, "content": content}, "parameters": parameters}


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
