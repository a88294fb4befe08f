"""The V2 protocol over REST.

Tensors are parsed by hand: a framework's models are many times slower and check less.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from open_inference import InferRequest, ModelMetadata, ServerMetadata
from predictor.examples import ExampleRequest
from predictor.http.body import read_body
from predictor.http.openapi import ANY_ERROR, INFER_ANSWER, infer_body, path_of_model, path_of_version
from predictor.http.request_scope import model_of, request_id_of
from predictor.identity import ModelIdentity
from predictor.inference_threads import InferenceThreads
from predictor.metrics import PredictorMetrics
from predictor.served_model import ServedModel
from predictor.serving import Serving, require_model

_JSON = "application/json"
_MODEL = "/v2/models/{model}"
_VERSION = "/v2/models/{model}/versions/{version}"


def health_doors(serving: Serving, server: ServerMetadata) -> APIRouter:
    """What the server says of itself."""
    router = APIRouter(tags=["V2"], responses=ANY_ERROR)

    @router.get("/v2", responses={200: {"model": ServerMetadata}})
    async def server_metadata() -> Response:
        """Name, version and extensions of this server."""
        return Response(server.to_json(), media_type=_JSON)

    @router.get("/v2/health/live")
    async def server_live() -> Response:
        """The process answers."""
        return Response(b'{"live":true}', media_type=_JSON)

    @router.get("/v2/health/ready")
    async def server_ready() -> Response:
        """A model is loaded and warmed up, and the process is not on its way out."""
        serving.check_ready()
        return Response(b'{"ready":true}', media_type=_JSON)

    return router


def model_doors(serving: Serving, shown: ModelIdentity) -> APIRouter:
    """What is known of a model; `shown` is the example in /docs."""
    router = APIRouter(tags=["V2"], responses=ANY_ERROR)
    by_name, by_version = path_of_model(shown), path_of_version(shown)

    @router.get(_MODEL, responses={200: {"model": ModelMetadata}}, openapi_extra=by_name)
    @router.get(_VERSION, responses={200: {"model": ModelMetadata}}, openapi_extra=by_version)
    async def model_metadata(request: Request) -> Response:
        """Inputs and outputs of a model."""
        return Response(_find_model(request).metadata().to_json(), media_type=_JSON)

    @router.get(f"{_MODEL}/ready", openapi_extra=by_name)
    @router.get(f"{_VERSION}/ready", openapi_extra=by_version)
    async def model_ready(request: Request) -> dict[str, str | bool]:
        """The model is loaded and warmed up."""
        found = _find_model(request)
        serving.check_ready()
        return {"name": found.identity.model, "ready": True}

    return router


def infer_doors(
    threads: InferenceThreads,
    metrics: PredictorMetrics,
    *,
    shown: ModelIdentity,
    examples: tuple[ExampleRequest, ...],
    body_limit_bytes: int,
) -> APIRouter:
    """Inference; `shown` and `examples` are the examples in /docs."""
    router = APIRouter(tags=["V2"], responses=ANY_ERROR)
    body_form = infer_body(examples)

    @router.post(f"{_MODEL}/infer", responses=INFER_ANSWER, openapi_extra=body_form | path_of_model(shown))
    @router.post(f"{_VERSION}/infer", responses=INFER_ANSWER, openapi_extra=body_form | path_of_version(shown))
    async def infer(request: Request) -> Response:
        """Run the model on the tensors that are sent."""
        model = _find_model(request)
        body = await read_body(request, body_limit_bytes)

        def answer() -> bytes:
            message = InferRequest.from_json(body)
            inference = model.infer(message)
            metrics.count_inference(inference, model.manifest.classes)
            return inference.to_response(message.id or request_id_of(request)).to_json()

        return Response(await threads.run(answer), media_type=_JSON)

    return router


def _find_model(request: Request) -> ServedModel:
    path = request.path_params
    return require_model(model_of(request), path["model"], path.get("version"))
