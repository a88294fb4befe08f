"""One experiment under way: it writes what it was given and what came of it, until it has ended."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import mlflow.onnx
import numpy as np
import onnx
import orjson
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from bundle import Bundle, TensorSignature
from bundle.manifest import MANIFEST_NAME, MODEL_NAME
from training.errors import TrackingError
from training.experiment import FinishedExperiment
from training.inference_model import HoldoutMetrics
from training.parameters import TrainingParameters
from training.run_files import write_run_files
from training.tracking.client import explained
from training.tracking.experiment import ExperimentState
from training.tracking.registry import ModelRegistry
from training.tracking.run_tags import (
    DIGEST_TAG,
    ERROR_TAG,
    HOLDOUT_TAG,
    MLFLOW_STATES,
    MODEL_DIRECTORY,
    MODEL_TAG,
    NAME_TAG,
    TRAINING_TAG,
    VERSION_TAG,
)

_DTYPES = {"FP32": np.dtype("float32"), "INT64": np.dtype("int64"), "BYTES": np.dtype("O")}
_AT_ONCE = 100
"""Parameters, tags and metrics in one request: MLflow takes no more of the first two."""


@dataclass(frozen=True, slots=True)
class ExperimentRun:
    """What can be said of an experiment that is under way. Every call raises TrackingNotUsable, and can be repeated."""

    experiment_id: int
    run: str
    began_at: datetime
    _client: MlflowClient
    _registry: ModelRegistry
    _url: str

    @contextmanager
    def ending(self) -> Iterator[None]:
        """The experiment ends with the block: cancelled by Ctrl-C or SIGTERM, failed by an error."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            with suppress(TrackingError):  # what ended the block is what matters
                self.cancel()
            raise
        except Exception as error:
            with suppress(TrackingError):
                self.fail(str(error) or type(error).__name__)
            raise

    def log_parameters(self, parameters: TrainingParameters) -> None:
        """What the training is given."""
        fields = dict(_flatten(parameters.model_dump(mode="json", by_alias=True)))
        tags = {NAME_TAG: parameters.experiment.name, MODEL_TAG: parameters.model.name}
        self._log(parameters=fields, tags=tags)

    def finish(self, finished: FinishedExperiment) -> int:
        """Keep metrics, plots and the model with its signature, and register it: its version in the registry."""
        bundle, lineage = finished.bundle, finished.bundle.manifest.lineage
        tags = {DIGEST_TAG: bundle.digest}
        if lineage is not None:
            tags[HOLDOUT_TAG] = lineage.holdout.digest
            tags |= {f"{TRAINING_TAG}{n}": part.digest for n, part in enumerate(lineage.training_data, start=1)}
        self._log(metrics=_metrics(finished), tags=tags)
        with explained(self._url), tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            write_run_files(finished, directory)
            _save_model(bundle, directory / MODEL_DIRECTORY)
            self._client.log_artifacts(self.run, str(directory))
        source = f"runs:/{self.run}/{MODEL_DIRECTORY}"
        model = bundle.manifest.model
        version = self._registry.register(model, source, self.run, self.experiment_id, bundle.digest)
        self._log(tags={VERSION_TAG: str(version)})
        self._end(ExperimentState.FINISHED)
        return version

    def fail(self, reason: str) -> None:
        """It has failed."""
        self._log(tags={ERROR_TAG: reason[:4000]})
        self._end(ExperimentState.FAILED)

    def cancel(self) -> None:
        """Somebody has ended it."""
        self._end(ExperimentState.CANCELLED)

    def _end(self, state: ExperimentState) -> None:
        with explained(self._url):
            self._client.set_terminated(self.run, MLFLOW_STATES[state])

    def _log(
        self,
        *,
        parameters: Mapping[str, str] | None = None,
        metrics: list[Metric] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        params = [Param(name, value) for name, value in (parameters or {}).items()]
        run_tags = [RunTag(name, value) for name, value in (tags or {}).items()]
        with explained(self._url):
            for start in range(0, max(len(params), len(metrics or ()), len(run_tags)), _AT_ONCE):
                part = slice(start, start + _AT_ONCE)
                self._client.log_batch(
                    self.run, metrics=(metrics or [])[part], params=params[part], tags=run_tags[part]
                )


def _flatten(fields: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Each value by its dotted key; text as it is, anything else as JSON."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value if isinstance(value, str) else orjson.dumps(value).decode()


def _metrics(finished: FinishedExperiment) -> list[Metric]:
    now = int(time.time() * 1000)
    found = [Metric(name, value, now, 0) for name, value in finished.metrics.summary().items()]
    if isinstance(finished.metrics, HoldoutMetrics):
        for place, one in enumerate(finished.metrics.classes):  # by index: a class may have any name, a metric not
            scores = {"precision": one.precision, "recall": one.recall, "f1": one.f1}
            found += [Metric(f"class/{place}/{name}", score, now, 0) for name, score in scores.items()]
    for name, values in finished.epochs.items():
        found += [Metric(f"epoch/{name}", value, now, epoch) for epoch, value in enumerate(values, start=1)]
    return found


def _save_model(bundle: Bundle, directory: Path) -> None:
    """The bundle's two files as an MLflow model, which says how it is called."""
    manifest = bundle.manifest
    signature = ModelSignature(inputs=_schema(manifest.inputs), outputs=_schema(manifest.outputs))
    model = onnx.load_model_from_string(bundle.model_bytes)
    # named, for else MLflow starts a process to find out
    mlflow.onnx.save_model(model, str(directory), signature=signature, pip_requirements=["onnxruntime"])
    (directory / MODEL_NAME).write_bytes(bundle.model_bytes)
    (directory / MANIFEST_NAME).write_bytes(manifest.to_bytes())


def _schema(tensors: tuple[TensorSignature, ...]) -> Schema:
    return Schema([TensorSpec(_DTYPES[tensor.datatype], tensor.shape, tensor.name) for tensor in tensors])
