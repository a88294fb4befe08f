"""Doors for what was answered, and what is true of it."""

from typing import Annotated

from fastapi import APIRouter, Query

from console.data_parts import DataPart
from console.drift import Drift
from console.feedback import FeedbackTaken
from console.http.bodies import NOBODY, USUAL_PART, ByHeader, FeedbackBody, FeedbackPartBody, PredictionsAnswer
from console.http.error_answers import errors_of
from console.services import Services
from promotion.recorded.labels import TrueLabel
from records.prediction_search import Kind, PredictionsWanted


def feedback_doors(services: Services) -> APIRouter:
    """POST /feedback, POST /feedback/part, GET /drift, GET /predictions."""
    router = APIRouter(tags=["feedback"])

    @router.post("/feedback", responses=errors_of(400, 422, 503))
    def feedback(body: FeedbackBody, by: ByHeader = NOBODY) -> FeedbackTaken:
        """Tell the true labels of rows that were answered, by the request id of their answers.

        They go to the test of the rollout that is under way, too. Labels that are known change nothing; of two that
        contradict each other the first stands.
        """
        labels = [TrueLabel(one.request_id, one.row, one.label) for one in body.labels]
        return services.feedback.give(labels, by)

    @router.post("/feedback/part", status_code=201, responses=errors_of(400, 422, 503))
    def make_part(body: FeedbackPartBody = USUAL_PART, by: ByHeader = NOBODY) -> DataPart:
        """Make a data part of the predictions whose true label is known, without rows that are known already.

        Asked again, it is of what came since.
        """
        return services.feedback_parts.make(body.model, body.minimum_rows, by)

    @router.get("/drift", responses=errors_of(400, 422, 503))
    def drift(hours: Annotated[int, Query(ge=1, le=24 * 366)] = 24) -> Drift:
        """How the answers of what serves are spread, on its holdout and in the last hours, and how many were right."""
        return services.drift.look(hours)

    @router.get("/predictions", responses=errors_of(400, 503))
    def list_predictions(
        kind: Kind = "all",
        model: str | None = None,
        revision: str | None = None,
        label: str | None = None,
        request_id: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        page: Annotated[str | None, Query(max_length=500, description="next_page of the answer before")] = None,
    ) -> PredictionsAnswer:
        """What was answered, the newest first, without its tensors."""
        wanted = PredictionsWanted(kind=kind, model=model, revision=revision, label=label, request_id=request_id)
        return PredictionsAnswer.of(services.predictions.search(wanted, limit=limit, page=page))

    return router
