"""POST /classify: rows of raw feature values in, class names out."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from predictor.classify.answer import Classification, classification
from predictor.classify.read_rows import read_rows
from predictor.examples import ExampleRequest
from predictor.http.body import read_body
from predictor.http.openapi import ANY_ERROR, classify_body
from predictor.http.request_scope import model_of, request_id_of
from predictor.inference_threads import InferenceThreads
from predictor.metrics import PredictorMetrics
from predictor.serving import require_model


def classify_door(
    threads: InferenceThreads,
    metrics: PredictorMetrics,
    *,
    examples: tuple[ExampleRequest, ...],
    body_limit_bytes: int,
) -> APIRouter:
    """The door."""
    router = APIRouter(tags=["classify"], responses=ANY_ERROR)

    @router.post("/classify", responses={200: {"model": Classification}}, openapi_extra=classify_body(examples))
    async def classify(request: Request, probabilities: bool = False) -> Response:
        """The class of each row. JSON or CSV; with `?probabilities=true` the probability of every class as well."""
        model = require_model(model_of(request))
        body = await read_body(request, body_limit_bytes)

        def answer() -> bytes:
            rows, is_single = read_rows(body, request.headers.get("content-type", ""), model)
            inference = model.classify(rows)
            classes = model.manifest.classes
            metrics.count_inference(inference, classes)
            request_id = request_id_of(request)
            said = classification(inference, classes, request_id=request_id, with_probabilities=probabilities)
            return said.to_json(is_single=is_single)

        return Response(await threads.run(answer), media_type="application/json")

    return router
