"""V2's extensions for configuration and statistics, over REST."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from open_inference.metadata import ModelConfig, Statistics
from predictor.data_plane import DataPlane
from predictor.http.openapi import ANY_ERROR, path_of_model, path_of_version
from predictor.http.request_scope import find_model, models_of
from predictor.http.v2_doors import JSON, MODEL, VERSION
from predictor.identity import ModelIdentity


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
        return Response(plane.statistics(models_of(request).find_all()).to_json(), media_type=JSON)

    @router.get(f"{MODEL}/stats", responses={200: {"model": Statistics}}, openapi_extra=by_name)
    @router.get(f"{VERSION}/stats", responses={200: {"model": Statistics}}, openapi_extra=by_version)
    async def model_statistics(request: Request) -> Response:
        """How often each loaded version of a model was asked, or the one that is named, and where the time went."""
        find_model(request)
        path = request.path_params
        models = models_of(request).find_all(path["model"], path.get("version"))
        return Response(plane.statistics(models).to_json(), media_type=JSON)

    return router
