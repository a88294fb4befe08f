"""How rows of raw values become the inputs of a model of tables.

The features are one input [-1, features] of numbers, or each is an input of its own: a number, or a category as BYTES.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle import Manifest
from open_inference import Tensor
from predictor.errors import ModelNotUsable

_NOT_IN_TABLES = frozenset({"BOOL", "BF16"})


@dataclass(frozen=True, slots=True)
class Column:
    """A feature."""

    name: str
    datatype: str
    """V2's; BYTES for a category."""
    shape: tuple[int, ...]
    """Of its input: [-1] or [-1, 1]; that of the one input where all features share it."""

    @property
    def is_category(self) -> bool:
        """Whether it is a text, and not a number."""
        return self.datatype == "BYTES"


@dataclass(frozen=True, slots=True)
class Table:
    """The features of a model, in order."""

    columns: tuple[Column, ...]
    matrix: str | None
    """The one input that takes all of them, where there is one."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(column.name for column in self.columns)

    def tensors(self, columns: Sequence[NDArray[Any]]) -> tuple[Tensor, ...]:
        """The inputs for `columns`: (rows,) for each feature, in the dtype of its datatype."""
        if self.matrix is not None:
            return (Tensor.of(self.matrix, np.column_stack(columns)),)
        return tuple(
            Tensor(column.name, column.datatype, shape, values.reshape(shape))
            for column, values in zip(self.columns, columns, strict=True)
            for shape in [(len(values), *column.shape[1:])]
        )


def find_table(manifest: Manifest) -> Table | None:
    """How the features are sent; None for a model without any. Raises ModelNotUsable when the inputs do not fit."""
    names = manifest.feature_names
    if not names:
        return None
    first = manifest.inputs[0]
    is_matrix = len(manifest.inputs) == 1 and (first.name,) != names
    inputs = {signature.name: signature for signature in manifest.inputs}
    if is_matrix and first.shape == (-1, len(names)) and first.datatype not in _NOT_IN_TABLES | {"BYTES"}:
        return Table(tuple(Column(name, first.datatype, first.shape) for name in names), first.name)
    fits = not is_matrix and inputs.keys() == set(names) and len(inputs) == len(names)
    for name in names if fits else ():
        shape, datatype = inputs[name].shape, inputs[name].datatype
        is_category = name in manifest.categories
        fits = (
            fits
            and shape in {(-1,), (-1, 1)}
            and datatype not in _NOT_IN_TABLES
            and is_category == (datatype == "BYTES")
        )
    if not fits:
        shown = ", ".join(f"{part.name} {part.datatype} {list(part.shape)}" for part in manifest.inputs)
        wanted = f"one of numbers, FP32 [-1, {len(names)}], or one for each feature"
        raise ModelNotUsable(f"the inputs are {shown}; expected {wanted}")
    return Table(tuple(Column(name, inputs[name].datatype, inputs[name].shape) for name in names), None)
