"""What a predictor's outputs say of a batch of rows: a label and its probability a row, or a number a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator


class MisfitAnswer(Exception):
    """The outputs are not what was asked for; says what was found and what is expected."""


class AnswerNames(BaseModel):
    """Which outputs answer the task, as /metadata states it; what a model does not have is an empty text."""

    model_config = ConfigDict(frozen=True)

    label: str = ""
    probabilities: str = ""
    are_logits: bool = False
    value: str = ""

    @model_validator(mode="after")
    def _there_is_one(self) -> "AnswerNames":
        if not self.asked_for():
            raise ValueError("none; expected the name of an output")
        return self

    def asked_for(self) -> tuple[str, ...]:
        """The outputs, each once."""
        return tuple(name for name in (self.label, self.probabilities, self.value) if name)


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """One answer a row; what the task or the model does not have is empty."""

    labels: tuple[str, ...] = ()
    confidences: tuple[float, ...] = ()
    """The probability of each label."""
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return max(len(self.labels), len(self.values))


def read_batch(
    outputs: Mapping[str, NDArray[Any]], names: AnswerNames, rows: int, classes: Sequence[str]
) -> BatchAnswer:
    """The answers to `rows` rows, from the outputs of these names. Raises MisfitAnswer."""
    if names.value:
        return BatchAnswer(values=_read_values(outputs[names.value], names.value, rows))
    probabilities = None
    if names.probabilities:
        probabilities = _read_probabilities(outputs[names.probabilities], names, rows, len(classes))
    if names.label:
        indices = _read_indices(outputs[names.label], names.label, rows, len(classes))
    elif probabilities is not None:
        indices = probabilities.argmax(axis=1)
    else:
        raise MisfitAnswer("neither a label nor probabilities are served; expected one of them")
    confidences = () if probabilities is None else tuple(probabilities[np.arange(rows), indices].tolist())
    return BatchAnswer(labels=tuple(classes[index] for index in indices), confidences=confidences)


def _read_values(output: NDArray[Any], name: str, rows: int) -> tuple[float, ...]:
    values = output.ravel()
    if values.dtype.kind != "f" or len(values) != rows or not np.isfinite(values).all():
        raise MisfitAnswer(f"`{name}` holds {_first(values)} of {len(values)}, expected {rows} finite numbers")
    return tuple(values.astype(np.float64).tolist())


def _read_indices(output: NDArray[Any], name: str, rows: int, classes: int) -> NDArray[np.int64]:
    indices = output.ravel().tolist()
    misfits = [index for index in indices if type(index) is not int or not 0 <= index < classes]
    if len(indices) != rows or misfits:
        found = f"`{name}` holds {misfits[0]!r}" if misfits else f"{len(indices)} labels"
        raise MisfitAnswer(f"{found}, expected {rows} class indices below {classes}")
    return np.array(indices, dtype=np.int64)


def _read_probabilities(output: NDArray[Any], names: AnswerNames, rows: int, classes: int) -> NDArray[np.float64]:
    """rows x classes, rounded into 0..1, from which the last digits of a model's arithmetic may stray."""
    name = names.probabilities
    if output.shape != (rows, classes) or output.dtype.kind != "f":
        found = f"`{name}` is {output.dtype} {list(output.shape)}"
        raise MisfitAnswer(f"{found}, expected numbers of the shape {[rows, classes]}")
    scores = output.astype(np.float64)
    if names.are_logits:
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
    if not (np.isfinite(scores).all() and scores.min() > -1e-3 and scores.max() < 1 + 1e-3):
        raise MisfitAnswer(f"`{name}` holds what are no probabilities, expected numbers from 0 to 1")
    return scores.clip(0, 1)


def _first(values: NDArray[Any]) -> object:
    """The first that is no finite number, or the first."""
    if not len(values):
        return "none"
    strange = [value for value in values.tolist() if not isinstance(value, float) or not np.isfinite(value)]
    return strange[0] if strange else values.tolist()[0]
