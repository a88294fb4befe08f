"""What a person or a machine wants to know about the model and the process: /metadata, /example, /metrics."""

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from predictor.data_plane import DataPlane
from predictor.examples import Example
from predictor.http.asked_model import AskedModel
from predictor.http.openapi import ANY_ERROR, errors
from predictor.http.request_scope import models_of


def about_doors(plane: DataPlane) -> APIRouter:
    """The doors."""
    router = APIRouter(tags=["about"], responses=ANY_ERROR)

    @router.get("/metadata", responses=errors(404, 503))
    async def metadata(model: AskedModel) -> dict[str, Any]:
        """Title, data set, features, classes, lineage and metrics of the model, as its own file states them."""
        return model.card

    @router.get("/example", responses=errors(404, 503))
    async def example(request: Request, model: AskedModel) -> dict[str, Any]:
        """Requests that are ready to send, with the answers that this model gives to them."""
        return {"examples": [_show(example) for example in models_of(request).examples_of(model)]}

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics_text() -> Response:
        """What was counted, for Prometheus."""
        return Response(await plane.exposition(), media_type=CONTENT_TYPE_LATEST)

    return router


def _show(example: Example) -> dict[str, Any]:
    request = example.request
    headers = {"content-type": request.content_type, "x-request-id": request.request_id}
    sent = {"method": "POST", "path": request.path, "headers": headers, "body": request.body}
    return {"name": request.name, "request": sent, "answer": example.answer}
