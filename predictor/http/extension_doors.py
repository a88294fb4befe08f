"""V2's extensions for configuration, statistics and the repository, over REST."""

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from open_inference.json_object import JsonObject, parse_json
from open_inference.metadata import ModelConfig, Statistics
from predictor.data_plane import DataPlane
from predictor.http.body import read_body
from predictor.http.openapi import ANY_ERROR, INDEX_BODY, path_of_model, path_of_version
from predictor.http.request_scope import model_of
from predictor.http.v2_doors import JSON, MODEL, VERSION, find_model
from predictor.identity import ModelIdentity
from predictor.serving import require_model

_INDEX_LIMIT_BYTES = 1024


def extension_doors(plane: DataPlane, shown: ModelIdentity) -> APIRouter:
    """The doors; `shown` is the example in /docs."""
    router = APIRouter(tags=["V2"], responses=ANY_ERROR)
    by_name, by_version = path_of_model(shown), path_of_version(shown)

    @router.get(f"{MODEL}/config", responses={200: {"model": ModelConfig}}, openapi_extra=by_name)
    @router.get(f"{VERSION}/config", responses={200: {"model": ModelConfig}}, openapi_extra=by_version)
    async def model_config(request: Request) -> Response:
        """Inputs and outputs of a model, its platform and its largest batch."""
        return Response(find_model(request).config().to_json(), media_type=JSON)

    @router.get("/v2/models/stats", responses={200: {"model": Statistics}})
    async def all_statistics(request: Request) -> Response:
        """How often each model was asked, and where the time went."""
        return Response((await plane.statistics_in_loop(require_model(model_of(request)))).to_json(), media_type=JSON)

    @router.get(f"{MODEL}/stats", responses={200: {"model": Statistics}}, openapi_extra=by_name)
    @router.get(f"{VERSION}/stats", responses={200: {"model": Statistics}}, openapi_extra=by_version)
    async def model_statistics(request: Request) -> Response:
        """How often a model was asked, and where the time went."""
        return Response((await plane.statistics_in_loop(find_model(request))).to_json(), media_type=JSON)

    @router.post("/v2/repository/index", openapi_extra=INDEX_BODY)
    async def repository_index(request: Request) -> Response:
        """The models that can be served; with `{"ready": true}` those that are ready."""
        body = (await read_body(request, _INDEX_LIMIT_BYTES))()
        asked = JsonObject(parse_json(body or b"{}"), "the request").optional_boolean("ready")
        models = [model.model_dump() for model in plane.repository_index(is_ready=asked)]
        return Response(orjson.dumps(models), media_type=JSON)

    @router.post("/v2/repository/models/{model}/load", include_in_schema=False)
    @router.post("/v2/repository/models/{model}/unload", include_in_schema=False)
    async def change_repository() -> Response:
        """Refused."""
        plane.change_repository()

    return router
