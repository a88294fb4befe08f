"""The artefact that training makes and a predictor serves: an immutable, content-addressed directory.

    <digest>/
    ├── model.onnx       the graph, with everything that /metadata answers in its metadata_props
    └── manifest.json    what the model takes and gives, its metrics, where it came from, and the digests

Training writes bundles, predictors read them, promotion and the cluster name them by digest. This room is a leaf: it
imports nothing of ours.
"""

from bundle.errors import BundleDamaged, BundleError, BundleNotFound, BundleNotUsable
from bundle.manifest import (
    AnswerOutputs,
    BundleFile,
    ClassCounts,
    Confusion,
    DataReference,
    ImageForm,
    Lineage,
    Manifest,
    Measured,
    TensorSignature,
)
from bundle.read import Bundle, read_bundle
from bundle.write import write_bundle

__all__ = [
    "AnswerOutputs",
    "Bundle",
    "BundleDamaged",
    "BundleError",
    "BundleFile",
    "BundleNotFound",
    "BundleNotUsable",
    "ClassCounts",
    "Confusion",
    "DataReference",
    "ImageForm",
    "Lineage",
    "Manifest",
    "Measured",
    "TensorSignature",
    "read_bundle",
    "write_bundle",
]
