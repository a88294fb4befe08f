"""POST /forward and POST /api/v1/run/{model}: rows or a picture in, the best classes and the annotated picture out."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from predictor.batches import Exchange
from predictor.data_plane import DataPlane
from predictor.examples import ExampleRequest
from predictor.forward.answer import Forward
from predictor.http.asked_model import AskedModel
from predictor.http.body import Answer, read_body
from predictor.http.forward_exchanges import explained, forward_exchange
from predictor.http.openapi import path_of_model
from predictor.http.openapi_files import EXPLAINED_ERROR, TOP_PARAMETER, forward_body
from predictor.http.request_scope import caller_of, find_model, request_id_of
from predictor.identity import ModelIdentity
from predictor.served_model import ServedModel


def forward_door(
    plane: DataPlane,
    *,
    shown: ModelIdentity,
    examples: tuple[ExampleRequest, ...],
    body_limit_bytes: int,
    pixel_limit: int,
) -> APIRouter:
    """The door, for the model that is served and for one by its name; `shown` is the example in /docs."""
    router = APIRouter(tags=["forward"], responses=EXPLAINED_ERROR)
    body = forward_body(examples)

    async def answer(request: Request, model: ServedModel) -> Response:
        request_id = request_id_of(request)
        with explained(request_id):
            caller = caller_of(request)
            content = await read_body(request, body_limit_bytes)

            def read() -> Exchange[Answer]:
                return forward_exchange(content(), request.headers, request_id, model, pixel_limit=pixel_limit)

            return (await plane.infer_in_loop(model, read, caller)).to_response()

    @router.post("/forward", responses={200: {"model": Forward}}, openapi_extra={**body, "parameters": [TOP_PARAMETER]})
    async def forward(request: Request, model: AskedModel) -> Response:
        """The best classes of a picture or of rows. A picture comes back annotated, as base64 of a PNG."""
        return await answer(request, model)

    by_name = [*path_of_model(shown)["parameters"], TOP_PARAMETER]

    @router.post(
        "/api/v1/run/{model}", responses={200: {"model": Forward}}, openapi_extra={**body, "parameters": by_name}
    )
    async def run(request: Request) -> Response:
        """The same, asked of a model by its name."""
        return await answer(request, find_model(request))

    return router
