"""Health and metrics."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from console.http.error_answers import errors_of
from console.metrics import ConsoleMetrics
from console.services import Services


class Health(BaseModel):
    """How the console is."""

    serving: str | None = Field(description="the stable revision; none before the first deployment")
    gateway_url: str = Field(description="where clients ask for predictions")
    problem: str = Field(description="why what should serve does not, or what was asked does not go on; empty: none")


def about_doors(services: Services, metrics: ConsoleMetrics, find_problem: Callable[[], str]) -> APIRouter:
    """GET /health, GET /metrics."""
    router = APIRouter(tags=["about"])

    @router.get("/health", responses=errors_of(503))
    def health() -> Health:
        """200 while the console works and can read its state, whatever became of what it has deployed."""
        serving = services.deployments.serving()
        revision = serving.revision if serving is not None else None
        return Health(serving=revision, gateway_url=services.deployments.gateway_url, problem=find_problem())

    @router.get("/metrics", response_class=Response)
    def metrics_text() -> Response:
        """Everything counted, in Prometheus' text format."""
        return Response(metrics.exposition(services), media_type=CONTENT_TYPE_LATEST)

    return router
