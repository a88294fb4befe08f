"""In words what a value may be, by its JSON schema."""

from typing import Any

from documentation.markdown import code

_KINDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "none"}
_FORMATS = {"path": "path", "password": "secret"}
_BOUNDS = (("from", "minimum"), ("above", "exclusiveMinimum"), ("to", "maximum"), ("below", "exclusiveMaximum"))


def describe_value(schema: dict[str, Any]) -> str:
    """Such as `whole number from 0 to 65535`, `list of text`, or the name of a part that is described elsewhere."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(map(describe_value, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return " or ".join(map(code, schema.get("enum", [schema.get("const")])))
    kind = schema.get("type", "any")
    if kind == "array":
        items = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return f"list of {describe_value(items)}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {describe_value(schema['additionalProperties'])}"
    word = _FORMATS.get(schema.get("format", ""), _KINDS.get(kind, kind))
    return " ".join([word, *(f"{said} {schema[bound]}" for said, bound in _BOUNDS if bound in schema)])
