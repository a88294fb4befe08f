"""POST /classify: rows of raw feature values in, class names out."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from predictor.batches import Exchange
from predictor.classify.answer import Classification
from predictor.data_plane import DataPlane
from predictor.examples import ExampleRequest
from predictor.http.asked_model import AskedModel
from predictor.http.body import Answer, read_body
from predictor.http.exchanges import read_classify
from predictor.http.openapi import ANY_ERROR, Responses, classify_body, errors
from predictor.http.request_scope import caller_of, request_id_of


def classify_door(plane: DataPlane, *, examples: tuple[ExampleRequest, ...], body_limit_bytes: int) -> APIRouter:
    """The door."""
    router = APIRouter(tags=["classify"], responses=ANY_ERROR)

    answers: Responses = {200: {"model": Classification}, **errors(400, 413, 429, 503, 504)}

    @router.post("/classify", responses=answers, openapi_extra=classify_body(examples))
    async def classify(request: Request, model: AskedModel, probabilities: bool = False) -> Response:
        """The class of each row. JSON or CSV; with `?probabilities=true` the probability of every class as well."""
        caller = caller_of(request)
        body = await read_body(request, body_limit_bytes)

        def read() -> Exchange[Answer]:
            request_id = request_id_of(request)
            return read_classify(body(), request.headers, request_id, model, with_probabilities=probabilities)

        return (await plane.infer_in_loop(model, read, caller)).to_response()

    return router
