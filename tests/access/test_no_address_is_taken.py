"""No door takes an address that the server would then ask: what is fetched is named by those who run it."""

import re
from pathlib import Path
from typing import Any

import pytest

from documentation.reference.doors import console_app, predictor_app

ADDRESS = re.compile(r"ur[li]\b|address|endpoint|host\b|callback|webhook|proxy", re.IGNORECASE)


@pytest.mark.parametrize("make", [predictor_app, console_app])
def test_no_parameter_and_no_field_of_a_body_is_an_address(make: Any, tmp_path: Path) -> None:
    document = make(tmp_path).openapi()
    names = set()
    for methods in document["paths"].values():
        for operation in methods.values():
            names |= {one["name"] for one in operation.get("parameters", ())}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                names |= set(_fields(content.get("schema", {}), document))
    assert len(names) > 5
    assert not [name for name in names if ADDRESS.search(name)]


def _fields(schema: Any, document: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for one in schema for name in _fields(one, document)]
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        return _fields(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    found = list(schema.get("properties", {}))
    return found + [name for part in schema.values() for name in _fields(part, document)]
