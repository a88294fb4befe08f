"""A bundle's parts, small: this room looks into no model, so any bytes will do."""

from typing import Any

from bundle import DataReference, Lineage, Manifest, TensorSignature

MODEL_BYTES = bytes(range(256))
DIGEST = f"sha256:{'0' * 64}"
HOLDOUT = DataReference(name="digits:holdout", digest=DIGEST, rows=800)
LINEAGE = Lineage(
    training_data=(DataReference(name="digits:part-1", digest=DIGEST, rows=200),),
    holdout=HOLDOUT,
    parameters_digest=DIGEST,
    seed=0,
    commit="unknown",
    experiment_name="default",
    experiment_id=1,
)


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "format": 1,
        "model": "digits",
        "version": 1,
        "inputs": (TensorSignature(name="features", datatype="FP32", shape=(-1, 2)),),
        "outputs": (TensorSignature(name="label", datatype="INT64", shape=(-1,)),),
        "feature_names": ("a", "b"),
        "classes": ("no", "yes"),
        "metrics": {"accuracy": 0.5},
        "lineage": LINEAGE,
        "files": {},
    }
    return Manifest(**(fields | changes))
