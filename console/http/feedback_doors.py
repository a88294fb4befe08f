"""The door for true labels."""

from fastapi import APIRouter

from console.feedback import FeedbackTaken
from console.http.bodies import NOBODY, ByHeader, FeedbackBody
from console.http.error_answers import errors_of
from console.services import Services
from promotion.recorded.labels import TrueLabel


def feedback_doors(services: Services) -> APIRouter:
    """POST /feedback."""
    router = APIRouter(tags=["feedback"])

    @router.post("/feedback", responses=errors_of(400, 422, 503))
    def feedback(body: FeedbackBody, by: ByHeader = NOBODY) -> FeedbackTaken:
        """Tell the true labels of rows that were answered, by the request id of their answers.

        They go to the test of the rollout that is under way, too. Labels that are known change nothing; of two that
        contradict each other the first stands.
        """
        labels = [TrueLabel(one.request_id, one.row, one.label) for one in body.labels]
        return services.feedback.give(labels, by)

    return router
