"""The guard between export and bundle: ONNX Runtime must answer what scikit-learn answers."""

from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from dataset import LabelledRows
from training.errors import ParityNotReached, first_line
from training.onnx_answers import answer_with_onnx
from training.train_model import as_float32


@dataclass(frozen=True, slots=True)
class Parity:
    """How far apart the two were at most, over `rows` rows."""

    rows: int
    largest_difference: float


def check_parity(pipeline: Pipeline, model_bytes: bytes, rows: LabelledRows, tolerance: float) -> Parity:
    """Compare probabilities and labels on every row.

    Raises ParityNotReached, with the first row concerned, when a probability differs by more than `tolerance` or is
    not a number, or a label differs where scikit-learn's two best classes are further apart than that; and when one of
    the two gives no answers.
    """
    features = as_float32(rows.features)
    try:
        expected, expected_indices = pipeline.predict_proba(features), pipeline.predict(features)
        found = answer_with_onnx(model_bytes, features)
    except Exception as error:  # params.yaml may name any class, and each fails in its own way
        raise ParityNotReached(f"{rows.name}: no answers to compare: {first_line(error)}") from error
    difference = np.abs(expected - found.probabilities).max(axis=1)
    is_close = difference <= tolerance  # so asked, not-a-number is not close
    if not is_close.all():
        row = int(np.argmin(is_close))
        raise ParityNotReached(
            f"{rows.name}, row {row + 1}: a probability differs by {difference[row]:.2g} between scikit-learn and "
            f"ONNX Runtime; at most {tolerance:g} is allowed"
        )
    best = np.sort(expected, axis=1)
    is_clear = best[:, -1] - best[:, -2] > 2 * tolerance
    differs = (expected_indices != found.class_indices) & is_clear
    if differs.any():
        row = int(np.argmax(differs))
        raise ParityNotReached(f"{rows.name}, row {row + 1}: scikit-learn and ONNX Runtime answer different labels")
    return Parity(rows=len(rows), largest_difference=float(difference.max()))
