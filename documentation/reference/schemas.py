"""The forms of the documents that people write and programs keep, from the classes that check them."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from bundle.manifest import Manifest
from documentation.markdown import GENERATED, code, table
from documentation.value_words import describe_value
from promotion.gate.configuration import GateConfiguration
from promotion.gate.record import EvidenceRecord
from training.parameters import TrainingParameters

_INTRODUCTION = """# Schemas
The documents that people write and programs keep, each with its JSON Schema beside this page. An unknown key is an
error in all of them. The lines of recorded predictions are in [Serving](../serving.md#recording), the tables of the
database in [Data model](../data-model.md#tables).
"""
SCHEMAS: dict[str, tuple[type[BaseModel], str]] = {
    "gate": (GateConfiguration, "## gate.yaml\nThe rules of a verdict; [what they mean](../gate.md)."),
    "params": (TrainingParameters, "## params.yaml\nThe choices of a training; [an example](../../params.yaml)."),
    "manifest": (Manifest, "## manifest.json\nWhat a bundle says of itself ([Models](../models.md))."),
    "evidence": (
        EvidenceRecord,
        "## The evidence record\nWhat `assay gate --json` prints and a rollout keeps.",
    ),
}


def page() -> str:
    """A table for each part of each document."""
    parts = [_INTRODUCTION]
    for name, (kind, heading) in SCHEMAS.items():
        schema = kind.model_json_schema()
        parts.append(f"{heading}\n[JSON Schema](schemas/{name}.json)\n\n{_table(schema)}")
        for part, definition in schema.get("$defs", {}).items():
            if "properties" in definition:
                parts.append(f"### {part}\n{_first(definition)}\n\n{_table(definition)}")
    return GENERATED + "\n".join(parts)


def schema_file(name: str) -> str:
    """The JSON Schema of a document."""
    return json.dumps(SCHEMAS[name][0].model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def _first(definition: dict[str, Any]) -> str:
    return " ".join(str(definition.get("description", "")).split("\n\n")[0].split())


def _table(schema: dict[str, Any]) -> str:
    return table(("field", "value", "default", "what"), _rows(schema))


def _rows(schema: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        default = "" if "default" not in field or field["default"] is None else json.dumps(field["default"])
        is_long = len(default) > 60  # a part of its own, whose fields have their own defaults
        shown = "required" if name in required else "" if is_long else code(default)
        yield code(name), describe_value(field), shown, str(field.get("description", ""))
