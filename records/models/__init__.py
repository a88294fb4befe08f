"""The tables. A column's comment is its documentation: in PostgreSQL, and in docs/data-model.md."""

from records.models.base import Base
from records.models.datasets import Dataset, DatasetPart, Sample
from records.models.experiments import Bundle, Deployment, Experiment
from records.models.predictions import Feedback, Prediction
from records.models.rollouts import Rollout, RolloutStep, Verdict

__all__ = [
    "Base",
    "Bundle",
    "Dataset",
    "DatasetPart",
    "Deployment",
    "Experiment",
    "Feedback",
    "Prediction",
    "Rollout",
    "RolloutStep",
    "Sample",
    "Verdict",
]
