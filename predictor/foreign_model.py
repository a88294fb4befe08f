"""A manifest for an ONNX file that has none: its signature as the graph states it, its task as the file says.

What training writes into a file (metadata_props) says what its outputs mean. Of any other file nothing is assumed: it
answers V2 alone.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from bundle import BundleFile, Manifest
from bundle.manifest import MODEL_NAME, content_digest
from predictor.engines.inference_engine import InferenceEngine
from predictor.errors import ModelNotUsable
from predictor.table import find_table
from predictor.task_answer import check_task


def describe_model(
    engine: InferenceEngine, model_bytes: bytes, *, name: str, version: str, stated: Mapping[str, Any] | None = None
) -> Manifest:
    """The manifest, with the fields that are `stated`; where none are, with what the file says.

    Raises ModelNotUsable for a name or a version that a manifest cannot have, a graph without inputs or outputs, and
    for `stated` that is no manifest's or not the graph's.
    """
    fields: dict[str, Any] = {
        "task": "inference",
        "model": name,
        "version": version,
        "inputs": [part.signature() for part in engine.inputs()],
        "outputs": [part.signature() for part in engine.outputs()],
        "metrics": {},
        "files": {MODEL_NAME: BundleFile(digest=content_digest(model_bytes), size_bytes=len(model_bytes))},
    }
    if stated is not None:
        return _make_manifest({**fields, **stated})
    try:
        return _make_manifest({**fields, **_read_meaning(engine.properties())})
    except (ModelNotUsable, orjson.JSONDecodeError):  # such properties mean something else to whoever wrote them
        return _make_manifest(fields)


def _make_manifest(fields: Mapping[str, Any]) -> Manifest:
    try:
        manifest = Manifest.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the manifest"
        raise ModelNotUsable(f"{fields['model']}: {where}: {first['msg']}") from error
    check_task(manifest)
    find_table(manifest)
    return manifest


def _read_meaning(properties: Mapping[str, str]) -> dict[str, Any]:
    written = {"features": "feature_names", "categories": "categories", "classes": "classes"}
    meaning = {field: orjson.loads(properties[name]) for name, field in written.items() if name in properties}
    return {"task": properties.get("task", "classification"), **meaning}
