"""V2's extensions for configuration and statistics, over REST."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from open_inference.metadata import ModelConfig, Statistics
from predictor.data_plane import DataPlane
from predictor.http.openapi import ANY_ERROR, Responses, errors, path_of_model, path_of_version
from predictor.http.request_scope import find_model, models_of
from predictor.http.v2_doors import JSON, MODEL, VERSION
from predictor.identity import ModelIdentity


def extension_doors(plane: DataPlane, shown: ModelIdentity) -> APIRouter:
    """The doors; `shown` is the example in /docs."""
    router = APIRouter(tags=["V2"], responses=ANY_ERROR)
    by_name, by_version = path_of_model(shown), path_of_version(shown)
    configuration: Responses = {200: {"model": ModelConfig}, **errors(404, 503)}
    statistics: Responses = {200: {"model": Statistics}, **errors(404, 503)}

    @router.get(f"{MODEL}/config", responses=configuration, openapi_extra=by_name)
    @router.get(f"{VERSION}/config", responses=configuration, openapi_extra=by_version)
    async def model_config(request: Request) -> Response:
        """Inputs and outputs of a model, its platform and its largest batch."""
        return Response(find_model(request).config().to_json(), media_type=JSON)

    @router.get("/v2/models/stats", responses={200: {"model": Statistics}, **errors(503)})
    async def all_statistics(request: Request) -> Response:
        """How often each model was asked, and where the time went."""
        models = models_of(request).find_all()
        return Response((await plane.statistics_in_loop(models)).to_json(), media_type=JSON)

    @router.get(f"{MODEL}/stats", responses=statistics, openapi_extra=by_name)
    @router.get(f"{VERSION}/stats", responses=statistics, openapi_extra=by_version)
    async def model_statistics(request: Request) -> Response:
        """How often each loaded version of a model was asked, or the one that is named, and where the time went."""
        find_model(request)
        path = request.path_params
        models = models_of(request).find_all(path["model"], path.get("version"))
        return Response((await plane.statistics_in_loop(models)).to_json(), media_type=JSON)

    return router
