"""How these tests start a training: the real one, on little data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from dataset import LabelledRows
from training.experiment import FinishedExperiment, run_experiment
from training.parameters import TrainingParameters
from training.provenance import Provenance

PROVENANCE = Provenance(commit="0a1b2c3d", save_date="2026-01-02T03:04:05Z")


def train(
    part: LabelledRows | Sequence[LabelledRows],
    holdout: LabelledRows,
    directory: Path,
    fields: Mapping[str, Any] | None = None,
    provenance: Provenance = PROVENANCE,
) -> FinishedExperiment:
    """Train with the parameters of a params.yaml that has these `fields`."""
    parts = [part] if isinstance(part, LabelledRows) else part
    parameters = TrainingParameters.model_validate(fields or {})
    return run_experiment(parts, holdout, parameters, provenance, directory, lambda _stage: None)


def estimator(import_path: str, **arguments: Any) -> dict[str, Any]:
    return {"estimator": {"class": import_path, "arguments": arguments}}


def session(model_bytes: bytes) -> Any:
    return onnxruntime.InferenceSession(model_bytes, providers=["CPUExecutionProvider"])


def answer(model_bytes: bytes, features: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels and probabilities, as a predictor that knows nothing of the training would ask for them."""
    label, probabilities = session(model_bytes).run(None, {"features": features.astype(np.float32)})
    return label, probabilities
