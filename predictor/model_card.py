"""What a model says of itself: GET /metadata.

Training writes it into the ONNX file (metadata_props, strings all of them), so it goes wherever the file goes and is
covered by the bundle's digest. What the file does not say, the manifest may.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from bundle import Manifest
from predictor.errors import ModelNotUsable
from predictor.identity import ModelIdentity

_TEXTS = (
    "title",
    "description",
    "model",
    "version",
    "dataset_title",
    "dataset_link",
    "dataset_digest",
    "output_feature",
    "commit",
    "save_date",
    "experiment_name",
)
_JSON: dict[str, type] = {
    "features": list,
    "categories": dict,
    "classes": list,
    "metrics": dict,
    "libraries": dict,
    "experiment_id": int,
}


def read_model_card(properties: Mapping[str, str], manifest: Manifest, identity: ModelIdentity) -> dict[str, Any]:
    """The card, for JSON: what nobody says is left out, who answers (name, revision, digest) is added.

    `model` and `version` are those served, which an operator may have renamed. Raises ModelNotUsable when a property
    is not of the form that training writes; of a model that was not trained here such a property is passed over.
    """
    card: dict[str, Any] = {name: properties[name] for name in _TEXTS if name in properties}
    for name, kind in _JSON.items():
        if name in properties:
            try:
                card[name] = _parse(name, properties[name], kind)
            except ModelNotUsable:
                if manifest.lineage is not None:
                    raise
    stated = {"features": manifest.feature_names, "categories": manifest.categories, "classes": manifest.classes}
    card = {name: value for name, value in stated.items() if value} | card | {"task": manifest.task}
    if answer := _answer_outputs(manifest):
        card["answer"] = answer
    if manifest.image is not None:
        card["image"] = manifest.image.model_dump(mode="json")
    card |= {"model": identity.model, "version": identity.version}
    return {**card, "revision": identity.revision, "bundle_digest": identity.bundle_digest}


def _answer_outputs(manifest: Manifest) -> dict[str, str | bool]:
    """Which V2 outputs answer the task, of those that there are."""
    meanings = {"classification": ("label", "probabilities"), "regression": ("value",), "inference": ()}
    there = {output.name for output in manifest.outputs}
    names: dict[str, str | bool] = {
        meaning: name for meaning in meanings[manifest.task] if (name := getattr(manifest.answer, meaning)) in there
    }
    return names | ({"are_logits": True} if "probabilities" in names and manifest.answer.are_logits else {})


def _parse(name: str, text: str, kind: type) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ModelNotUsable(f"the model's property {name} is not JSON: {error}") from error
    if not isinstance(value, kind):
        raise ModelNotUsable(f"the model's property {name} is no JSON {kind.__name__}")
    return value
