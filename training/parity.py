"""The guard between export and bundle: ONNX Runtime must answer what scikit-learn answers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from dataset import LabelledRows
from training.errors import ParityNotReached, first_line
from training.graph_inputs import estimator_rows
from training.onnx_answers import answer_with_onnx


@dataclass(frozen=True, slots=True)
class Parity:
    """How far apart the two were at most, over `rows` rows."""

    rows: int
    largest_difference: float


def check_parity(pipeline: Pipeline, model_bytes: bytes, rows: LabelledRows, tolerance: float) -> Parity:
    """Compare probabilities and labels, or a regression's values, on every row.

    Raises ParityNotReached, with the first row concerned, when a probability, or a value as a share of itself, differs
    by more than `tolerance` or is not a number, or a label differs where scikit-learn's two best classes are further
    apart than that; and when one of the two gives no answers.
    """
    check = _compare_classes if is_classifier(pipeline) else _compare_values
    try:
        return check(pipeline, model_bytes, rows, tolerance)
    except ParityNotReached:
        raise
    except Exception as error:  # params.yaml may name any class, and each fails in its own way
        raise ParityNotReached(f"{rows.name}: no answers to compare: {first_line(error)}") from error


def _compare_classes(pipeline: Pipeline, model_bytes: bytes, rows: LabelledRows, tolerance: float) -> Parity:
    features = estimator_rows(rows)
    expected, expected_indices = pipeline.predict_proba(features), pipeline.predict(features)
    found = answer_with_onnx(model_bytes, rows)
    difference = np.abs(expected - found["probabilities"]).max(axis=1)
    _require_close(difference, rows, tolerance, "a probability")
    best = np.sort(expected, axis=1)
    is_clear = best[:, -1] - best[:, -2] > 2 * tolerance
    differs = (expected_indices != found["label"]) & is_clear
    if differs.any():
        row = int(np.argmax(differs))
        raise ParityNotReached(f"{rows.name}, row {row + 1}: scikit-learn and ONNX Runtime answer different labels")
    return Parity(rows=len(rows), largest_difference=float(difference.max()))


def _compare_values(pipeline: Pipeline, model_bytes: bytes, rows: LabelledRows, tolerance: float) -> Parity:
    expected = pipeline.predict(estimator_rows(rows)).reshape(-1)
    found = answer_with_onnx(model_bytes, rows)
    difference = np.abs(expected - found["value"].reshape(-1)) / np.maximum(np.abs(expected), 1)
    _require_close(difference, rows, tolerance, "the value")
    return Parity(rows=len(rows), largest_difference=float(difference.max()))


def _require_close(difference: NDArray[Any], rows: LabelledRows, tolerance: float, what: str) -> None:
    is_close = difference <= tolerance  # so asked, not-a-number is not close
    if not is_close.all():
        row = int(np.argmin(is_close))
        raise ParityNotReached(
            f"{rows.name}, row {row + 1}: {what} differs by {difference[row]:.2g} between scikit-learn and "
            f"ONNX Runtime; at most {tolerance:g} is allowed"
        )
