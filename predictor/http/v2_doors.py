"""The V2 protocol over REST.

Tensors are parsed by hand: a framework's models are many times slower and check less.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from open_inference import ModelMetadata, ServerMetadata
from predictor.batches import Exchange
from predictor.data_plane import DataPlane
from predictor.examples import ExampleRequest
from predictor.http.body import Answer, read_body
from predictor.http.exchanges import read_infer
from predictor.http.openapi import (
    ANY_ERROR,
    INFER_ANSWER,
    Responses,
    errors,
    infer_body,
    path_of_model,
    path_of_version,
)
from predictor.http.request_scope import caller_of, find_model, models_of, request_id_of
from predictor.identity import ModelIdentity

JSON = "application/json"
MODEL = "/v2/models/{model}"
VERSION = "/v2/models/{model}/versions/{version}"


def health_doors(plane: DataPlane) -> APIRouter:
    """What the server says of itself."""
    router = APIRouter(tags=["V2"], responses=ANY_ERROR)

    @router.get("/v2", responses={200: {"model": ServerMetadata}})
    async def server_metadata() -> Response:
        """Name, version and extensions of this server."""
        return Response(plane.server_metadata().to_json(), media_type=JSON)

    @router.get("/v2/health/live", responses={200: {"model": dict[str, bool]}})
    async def server_live() -> Response:
        """The process answers."""
        return Response(b'{"live":true}', media_type=JSON)

    @router.get("/v2/health/ready", responses={200: {"model": dict[str, bool]}, **errors(503)})
    async def server_ready() -> Response:
        """Whatever was to be loaded at the start is, or has failed to; a model answers; the process is not ending."""
        plane.serving.check_ready()
        return Response(b'{"ready":true}', media_type=JSON)

    return router


def model_doors(plane: DataPlane, shown: ModelIdentity) -> APIRouter:
    """What is known of a model; `shown` is the example in /docs."""
    router = APIRouter(tags=["V2"], responses=ANY_ERROR)
    by_name, by_version = path_of_model(shown), path_of_version(shown)
    answers: Responses = {200: {"model": ModelMetadata}, **errors(404, 503)}

    @router.get(MODEL, responses=answers, openapi_extra=by_name)
    @router.get(VERSION, responses=answers, openapi_extra=by_version)
    async def model_metadata(request: Request) -> Response:
        """Inputs and outputs of a model."""
        return Response(models_of(request).metadata_of(find_model(request)).to_json(), media_type=JSON)

    @router.get(f"{MODEL}/ready", responses=errors(404, 503), openapi_extra=by_name)
    @router.get(f"{VERSION}/ready", responses=errors(404, 503), openapi_extra=by_version)
    async def model_ready(request: Request) -> dict[str, str | bool]:
        """The model is loaded and warmed up."""
        found = find_model(request)
        plane.serving.check_staying()
        return {"name": found.identity.model, "ready": True}

    return router


def infer_doors(
    plane: DataPlane, *, shown: ModelIdentity, examples: tuple[ExampleRequest, ...], body_limit_bytes: int
) -> APIRouter:
    """Inference; `shown` and `examples` are the examples in /docs."""
    router = APIRouter(tags=["V2"], responses=ANY_ERROR)
    answers = INFER_ANSWER | errors(400, 404, 413, 429, 503, 504)
    by_name, by_version = infer_body(examples, path_of_model(shown)), infer_body(examples, path_of_version(shown))

    @router.post(f"{MODEL}/infer", responses=answers, openapi_extra=by_name)
    @router.post(f"{VERSION}/infer", responses=answers, openapi_extra=by_version)
    async def infer(request: Request) -> Response:
        """Run the model on the tensors that are sent, in JSON or behind it (the header of binary tensor data)."""
        model = find_model(request)
        caller = caller_of(request)
        body = await read_body(request, body_limit_bytes)

        def read() -> Exchange[Answer]:
            return read_infer(body(), request.headers, request_id_of(request))

        return (await plane.infer_in_loop(model, read, caller)).to_response()

    return router
