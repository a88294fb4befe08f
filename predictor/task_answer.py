"""What a model's outputs mean, where its manifest says so: the class of each row, or its number.

A model of task `inference` has no meaning here; V2 answers its outputs as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle import Manifest
from predictor.errors import InferenceFailed, ModelNotUsable, NoAnswer

Values = Mapping[str, NDArray[Any]]
"""All outputs by name."""
_FLOATS = frozenset({"FP16", "FP32", "FP64"})


@dataclass(frozen=True, slots=True, eq=False)
class TaskAnswer:
    """The meaning of an answer; what the task does not have is empty."""

    class_indices: NDArray[np.int64]
    """(rows,): valid for the manifest's classes."""
    probabilities: NDArray[Any]
    """(rows, classes), floats."""
    numbers: NDArray[Any]
    """(rows,): what a regression predicts."""


_NOTHING = TaskAnswer(np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32), np.empty(0, dtype=np.float32))


def check_task(manifest: Manifest) -> None:
    """Raises ModelNotUsable when the outputs that the manifest names cannot answer its task."""
    outputs = {output.name: (output.datatype, output.shape) for output in manifest.outputs}
    names, shown = (
        manifest.answer,
        ", ".join(f"{part.name} {part.datatype} {list(part.shape)}" for part in manifest.outputs),
    )
    if manifest.task == "classification":
        classes = len(manifest.classes)
        datatype, shape = outputs.get(names.probabilities, ("", ()))
        label, label_shape = outputs.get(names.label, ("INT64", (-1,)))
        if datatype not in _FLOATS or len(shape) != 2 or shape[1] not in {-1, classes}:
            wanted = f"{names.probabilities} FP32 [-1, {classes}]"
            raise ModelNotUsable(f"the outputs are {shown}; expected {names.label} INT64 [-1] and {wanted}")
        if label != "INT64" or len(label_shape) != 1:
            raise ModelNotUsable(f"the output {names.label} is {label} {list(label_shape)}; expected INT64 [-1]")
    if manifest.task == "regression":
        datatype, shape = outputs.get(names.value, ("", ()))
        if datatype not in _FLOATS or not 1 <= len(shape) <= 2 or shape[1:] not in {(), (1,), (-1,)}:
            raise ModelNotUsable(f"the outputs are {shown}; expected {names.value} FP32 [-1] or [-1, 1]")


def read_answer(manifest: Manifest, values: Values, rows: int | None) -> TaskAnswer:
    """The meaning of `values`, which are to be for `rows` rows, or for any number of them.

    Raises NoAnswer when the model has none, InferenceFailed when it broke its own signature.
    """
    if manifest.task == "classification":
        return _read_classes(manifest, values, rows)
    if manifest.task == "regression":
        numbers = values[manifest.answer.value]
        if rows not in {None, len(numbers)} or numbers.size != len(numbers):
            raise InferenceFailed(f"the model answered {manifest.answer.value} {list(numbers.shape)} to {rows} rows")
        flat = numbers.reshape(-1)
        _require_finite(flat[:, np.newaxis], "value is not")
        return TaskAnswer(_NOTHING.class_indices, _NOTHING.probabilities, flat)
    return _NOTHING


def _read_classes(manifest: Manifest, values: Values, rows: int | None) -> TaskAnswer:
    names, classes = manifest.answer, len(manifest.classes)
    probabilities = values[names.probabilities]
    rows = len(probabilities) if rows is None else rows
    label = values.get(names.label)
    if probabilities.shape != (rows, classes) or (label is not None and label.shape != (rows,)):
        found = f"{names.probabilities} {list(probabilities.shape)}"
        if label is not None:
            found = f"{names.label} {list(label.shape)} and {found}"
        raise InferenceFailed(f"the model answered {found} to {rows} rows of {classes} classes")
    _require_finite(probabilities, "probabilities are not")
    if names.are_logits:
        probabilities = _softmax(probabilities)
    indices = probabilities.argmax(axis=1) if label is None else label
    if rows and (indices.min() < 0 or indices.max() >= classes):
        raise InferenceFailed(f"the model answered a class index outside of 0..{classes - 1}")
    return TaskAnswer(indices, probabilities, _NOTHING.numbers)


def _softmax(logits: NDArray[Any]) -> NDArray[np.float32]:
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _require_finite(numbers: NDArray[Any], what: str) -> None:
    finite = np.isfinite(numbers).all(axis=1)
    if not finite.all():
        raise NoAnswer(
            f"the model has no answer to row {int(finite.argmin())}: its {what} finite; "
            "expected values of the order that it was trained on"
        )
