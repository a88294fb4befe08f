"""Where an experiment stands in an MLflow run: the names of its tags and files, and the way back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlflow.entities import Run

from training.tracking.experiment import Experiment, ExperimentState

ID_TAG = "assay.experiment_id"
NAME_TAG = "assay.experiment_name"
MODEL_TAG = "assay.model"
VERSION_TAG = "assay.model_version"
DIGEST_TAG = "assay.bundle_digest"
HOLDOUT_TAG = "assay.holdout_digest"
TRAINING_TAG = "assay.training_digest."
"""And the number of the part, from 1."""
ERROR_TAG = "assay.error"
MODEL_DIRECTORY = "model"

MLFLOW_STATES = {
    ExperimentState.RUNNING: "RUNNING",
    ExperimentState.FINISHED: "FINISHED",
    ExperimentState.FAILED: "FAILED",
    ExperimentState.CANCELLED: "KILLED",
}
_STATES = {mlflow: ours for ours, mlflow in MLFLOW_STATES.items()}


def to_experiment(run: Run, metrics: Mapping[str, Any]) -> Experiment:
    """The experiment that `run` is; `metrics` are its file's."""
    tags = run.data.tags
    version = tags.get(VERSION_TAG)
    parts = sorted((name for name in tags if name.startswith(TRAINING_TAG)), key=lambda name: int(name.split(".")[-1]))
    return Experiment(
        experiment_id=int(tags[ID_TAG]),
        state=_STATES.get(run.info.status, ExperimentState.RUNNING),
        name=tags.get(NAME_TAG, ""),
        model=tags.get(MODEL_TAG, ""),
        began_at=to_moment(run.info.start_time),
        ended_at=to_moment(run.info.end_time) if run.info.end_time else None,
        parameters=dict(sorted(run.data.params.items())),
        metrics={name: run.data.metrics[name] for name in _overall(run)},
        class_metrics={
            one["name"]: {name: one[name] for name in ("rows", "precision", "recall", "f1")}
            for one in metrics.get("classes", ())
        },
        training_digests=tuple(tags[name] for name in parts),
        holdout_digest=tags.get(HOLDOUT_TAG),
        bundle_digest=tags.get(DIGEST_TAG),
        version=int(version) if version else None,
        error=tags.get(ERROR_TAG),
        run=run.info.run_id,
    )


def _overall(run: Run) -> list[str]:
    """The names of metrics of the whole holdout: those of a class and of an epoch have a path before their name."""
    return sorted(name for name in run.data.metrics if "/" not in name)


def to_moment(milliseconds: int) -> datetime:
    """A moment as MLflow counts it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
