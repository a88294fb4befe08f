"""POST /classify: rows of raw feature values in, class names out."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from predictor.batches import Exchange
from predictor.classify.answer import Classification, classification
from predictor.classify.read_rows import read_rows
from predictor.data_plane import DataPlane
from predictor.examples import ExampleRequest
from predictor.http.body import Answer, read_body, write_answer
from predictor.http.openapi import ANY_ERROR, classify_body
from predictor.http.request_scope import caller_of, model_of, request_id_of
from predictor.served_model import Inference
from predictor.serving import require_model


def classify_door(plane: DataPlane, *, examples: tuple[ExampleRequest, ...], body_limit_bytes: int) -> APIRouter:
    """The door."""
    router = APIRouter(tags=["classify"], responses=ANY_ERROR)

    @router.post("/classify", responses={200: {"model": Classification}}, openapi_extra=classify_body(examples))
    async def classify(request: Request, probabilities: bool = False) -> Response:
        """The class of each row. JSON or CSV; with `?probabilities=true` the probability of every class as well."""
        model = require_model(model_of(request))
        caller = caller_of(request)
        body = await read_body(request, body_limit_bytes)

        def read() -> Exchange[Answer]:
            rows, is_single = read_rows(body(), request.headers.get("content-type", ""), model)

            def write(inference: Inference) -> Answer:
                request_id, classes = request_id_of(request), model.manifest.classes
                said = classification(inference, classes, request_id=request_id, with_probabilities=probabilities)
                return write_answer(request, said.to_json(is_single=is_single))

            return model.request_for(rows), write

        return (await plane.infer_in_loop(model, read, caller)).to_response()

    return router
