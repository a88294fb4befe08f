"""An experiment as the tracking store tells of it; nothing here needs MLflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

Alias = Literal["stable", "canary"]
"""What a registered version can be besides a number: the two roles of a rollout."""


class ExperimentState(StrEnum):
    """Where an experiment stands."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Experiment:
    """One training run, as far as it has come."""

    experiment_id: int
    """Counted from 1, over all models of the store."""
    state: ExperimentState
    name: str
    """What the experiment is called: several runs that belong together have the same name."""
    model: str
    began_at: datetime
    ended_at: datetime | None
    parameters: Mapping[str, str]
    """By dotted key, such as `estimator.arguments.max_iter`; values as JSON."""
    metrics: Mapping[str, float]
    """Of the whole holdout, as the bundle's manifest has them; empty until it has finished."""
    class_metrics: Mapping[str, Mapping[str, float]]
    """Precision, recall, F1 and rows by class; empty for a regression, and in a list of experiments."""
    training_digests: tuple[str, ...]
    holdout_digest: str | None
    bundle_digest: str | None
    version: int | None
    """Of the model in the registry."""
    error: str | None
    """Why it failed."""
    run: str
    """MLflow's own name for it."""
