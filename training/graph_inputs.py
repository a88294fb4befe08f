"""Rows as an estimator learns from them, and as the exported graph takes them: the same values, rounded alike.

A table of numbers is one FP32 input `features`. In a table with categories each column is an input of its own name,
[-1, 1]: FP32, or BYTES for categories.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle import TensorSignature
from dataset import LabelledRows

FEATURES = "features"


def estimator_rows(rows: LabelledRows) -> NDArray[Any]:
    """(n, features): FP32, as a predictor will be sent, or objects, of which categories are texts."""
    numbers = rows.features.astype(np.float32)
    if not rows.categories:
        return numbers
    mixed = numbers.astype(np.object_)
    for place, name in enumerate(rows.feature_names):
        if name in rows.categories:
            mixed[:, place] = rows.texts(name)
    return mixed


def graph_inputs(rows: LabelledRows) -> dict[str, NDArray[Any]]:
    """What ONNX Runtime is given for `rows`, by input."""
    values = estimator_rows(rows)
    if not rows.categories:
        return {FEATURES: values}
    return {
        name: values[:, [place]] if name in rows.categories else values[:, [place]].astype(np.float32)
        for place, name in enumerate(rows.feature_names)
    }


def input_signature(rows: LabelledRows) -> tuple[TensorSignature, ...]:
    """The same for the manifest."""
    if not rows.categories:
        return (TensorSignature(name=FEATURES, datatype="FP32", shape=(-1, len(rows.feature_names))),)
    return tuple(
        TensorSignature(name=name, datatype="BYTES" if name in rows.categories else "FP32", shape=(-1, 1))
        for name in rows.feature_names
    )
