"""What is sent to the doors, with examples, and what some of them answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

from console.data_parts import DataPart
from console.experiments import Experiment, ExperimentState
from console.feedback_parts import USUAL_ROWS
from records.prediction_search import PredictionPage

ByHeader = Annotated[
    str,
    Header(
        alias="X-Assay-By",
        max_length=100,
        description="who asks, as they call themselves",
        examples=["ann@workstation"],
    ),
]
KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=100,
        description="asked again with the same key, the answer is about the same training",
        examples=["retrain-2026-11-30"],
    ),
]
NOBODY = "somebody"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AddedData(BaseModel):
    """A data part, and whether it came with this request."""

    part: DataPart
    is_new: bool


class TrainingBody(_Body):
    """What is to be trained; everything may be left out."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "parameters": {
                        "estimator": {
                            "class": "sklearn.ensemble.RandomForestClassifier",
                            "arguments": {"n_estimators": 150, "min_samples_leaf": 2},
                        },
                        "preprocessing": None,
                    }
                }
            ]
        },
    )
    parameters: Mapping[str, Any] = Field(default_factory=dict, description="as params.yaml has them")
    parts: tuple[str, ...] = Field((), description="digests of data parts; none: all that there are")


class ExperimentMetrics(BaseModel):
    """What an experiment was measured to be on its holdout."""

    experiment_id: int
    state: ExperimentState
    metrics: Mapping[str, float] | None = Field(description="none before it has finished")
    bundle_digest: str | None
    holdout_digest: str

    @classmethod
    def of(cls, one: Experiment) -> "ExperimentMetrics":
        """Of an experiment."""
        return cls(
            experiment_id=one.experiment_id,
            state=one.state,
            metrics=one.metrics,
            bundle_digest=one.bundle_digest,
            holdout_digest=one.holdout.digest,
        )


class DeploymentBody(_Body):
    """How traffic moves once the gate says PROMOTE; everything may be left out. Margins are the gate's alone."""

    steps: tuple[int, ...] = Field((5, 25, 50, 100), description="the canary's share in percent", examples=[(10, 100)])
    minimum_requests: int = Field(100, ge=0, description="that each step has to see")
    minimum_seconds: float = Field(3.0, ge=0, le=86_400, description="how long each step lasts at least")
    deadline_seconds: float = Field(120.0, ge=0, le=86_400, description="how long a step waits for its requests")


class AbortBody(_Body):
    """Why a rollout is ended."""

    reason: str = Field("", max_length=500, examples=["clients complain"])


class LabelBody(_Body):
    """What a row of a request really is."""

    request_id: str = Field(min_length=1, max_length=200, description="X-Request-Id of the answer")
    row: int = Field(0, ge=0, description="of the request, from 0")
    label: str = Field(min_length=1, max_length=200, description="the true one; of a regression, the number")


class FeedbackBody(_Body):
    """True labels of what was answered."""

    labels: tuple[LabelBody, ...] = Field(
        min_length=1,
        max_length=10_000,
        examples=[({"request_id": "3f0c9f5e8a7b4c7d9e0f1a2b3c4d5e6f", "row": 0, "label": "7"},)],
    )


class FeedbackPartBody(_Body):
    """Of which labelled predictions a data part shall be made."""

    minimum_rows: int = Field(USUAL_ROWS, ge=1, description="fewer new ones refuse it")
    model: str | None = Field(None, description="the one that serves, unless another is named", examples=["digits"])


class PredictionAnswer(BaseModel):
    """One row of a request, as it was answered."""

    answered_at: datetime
    key: str = Field(description="names the inference")
    row: int
    request_id: str
    client: str | None
    model: str
    version: str
    revision: str
    bundle_digest: str
    transport: str
    door: str
    seconds: float
    label: str | None
    probability: float | None
    value: float | None = Field(description="of a regression")
    true_label: str | None = Field(description="where somebody has told it")


class PredictionsAnswer(BaseModel):
    """Some predictions, and how to ask for the next ones."""

    predictions: tuple[PredictionAnswer, ...]
    next_page: str | None = Field(description="none where there are no more")

    @classmethod
    def of(cls, page: PredictionPage) -> "PredictionsAnswer":
        """Of a page that was found."""
        found = tuple(PredictionAnswer(**one._asdict()) for one in page.predictions)
        return cls(predictions=found, next_page=page.next_page)


class BundleAnswer(BaseModel):
    """A bundle of the store."""

    digest: str
    model: str
    version: int
    task: str
    experiment_id: int | None
    metrics: Mapping[str, float]


class HoldoutAnswer(BaseModel):
    """A holdout of the store."""

    digest: str
    is_pinned: bool


class JobLogAnswer(BaseModel):
    """A piece of a job's log."""

    text: str
    next_offset: int = Field(description="where to ask from next")
    has_ended: bool = Field(description="whether nothing more comes")


USUAL_TRAINING = TrainingBody()
USUAL_DEPLOYMENT = DeploymentBody()
USUAL_ABORT = AbortBody()
USUAL_PART = FeedbackPartBody()
"""What is sent by whoever sends nothing."""
