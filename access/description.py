"""What a description of an API says of keys."""

from typing import Any

_SCHEME = {"type": "http", "scheme": "bearer", "description": "a key, as `assay keys create` prints it"}


def with_keys(document: dict[str, Any], *, is_asking: bool) -> dict[str, Any]:
    """An OpenAPI document, which says that doors take a key where `is_asking`."""
    if not is_asking:
        return document
    components = {**document.get("components", {}), "securitySchemes": {"key": _SCHEME}}
    return {**document, "components": components, "security": [{"key": []}]}
