"""The repository over REST: V2's extension for it, and the same under /api/v1, where an ONNX file can be added, too.

Whether models may be changed is the repository's to say; where they may not, nothing of a body is read.
"""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from open_inference.json_object import JsonObject, parse_json
from open_inference.metadata import IndexedModel
from predictor.errors import DeadlineExceeded, QueueFull, RequestRefused
from predictor.http.body import read_body
from predictor.http.openapi import ANY_ERROR, INDEX_BODY, ONNX_BODY, path_of_model
from predictor.http.v2_doors import JSON
from predictor.identity import ModelIdentity
from predictor.repository import Repository

_BODY_LIMIT_BYTES = 4096
_MOST_UPLOADS = 2
_UPLOAD_SECONDS = 600

Name = Annotated[str, Query(description="the model's name")]


def repository_doors(repository: Repository, shown: ModelIdentity, *, model_limit_bytes: int) -> APIRouter:
    """The doors; `shown` is the example in /docs."""
    router = APIRouter(responses=ANY_ERROR)
    router.include_router(_v2_doors(repository, shown), tags=["V2"])
    router.include_router(_api_doors(repository, model_limit_bytes), tags=["repository"])
    return router


def _v2_doors(repository: Repository, shown: ModelIdentity) -> APIRouter:
    router = APIRouter()
    by_name = path_of_model(shown)

    @router.post("/v2/repository/index", response_model=list[IndexedModel], openapi_extra=INDEX_BODY)
    async def repository_index(request: Request) -> Response:
        """The models that can be served, and their states; with `{"ready": true}` those that are ready."""
        is_ready = (await _read_object(request)).optional_boolean("ready")
        models = await asyncio.to_thread(repository.index, is_ready=is_ready)
        return Response(orjson.dumps([model.model_dump() for model in models]), media_type=JSON)

    @router.post("/v2/repository/models/{model}/load", openapi_extra=by_name)
    async def load(request: Request) -> Response:
        """Load every version of a model anew, beside what answers until then."""
        repository.check_change()
        for name in (await _read_object(request)).parameters():
            raise RequestRefused(f"a model is loaded as it was stored; expected no parameter {name}")
        await asyncio.wrap_future(repository.load(request.path_params["model"]))
        return Response()

    @router.post("/v2/repository/models/{model}/unload", openapi_extra=by_name)
    async def unload(request: Request) -> Response:
        """Answer no further request for a model; what is under way is finished. It depends on no other."""
        repository.check_change()
        (await _read_object(request)).parameters()
        await asyncio.wrap_future(repository.unload(request.path_params["model"]))
        return Response()

    return router


def _api_doors(repository: Repository, model_limit_bytes: int) -> APIRouter:
    router = APIRouter(prefix="/api/v1")
    uploads = asyncio.Semaphore(_MOST_UPLOADS)

    @router.get("/list")
    async def list_models() -> dict[str, list[IndexedModel]]:
        """The models that can be served, and their states."""
        return {"models": list(await asyncio.to_thread(repository.index, is_ready=False))}

    @router.post("/load")
    async def load(name: Name) -> dict[str, Any]:
        """Load every version of a model anew, beside what answers until then."""
        return {"name": name, "versions": await asyncio.wrap_future(repository.load(name))}

    @router.post("/unload")
    async def unload(name: Name) -> dict[str, Any]:
        """Answer no further request for a model; what is under way is finished."""
        await asyncio.wrap_future(repository.unload(name))
        return {"name": name, "versions": []}

    @router.post("/register", openapi_extra=ONNX_BODY)
    async def register(request: Request, name: Name) -> dict[str, Any]:
        """Keep an ONNX file as the next version of a model, if it can be served. It is not loaded yet."""
        repository.check_change()
        if uploads.locked():
            raise QueueFull(f"{_MOST_UPLOADS} models are being registered, and no more are taken; ask again soon")
        async with uploads:
            content = await _read_upload(request, model_limit_bytes)
            version = await asyncio.wrap_future(repository.register(name, content))
        return {"name": name, "version": version}

    return router


async def _read_object(request: Request) -> JsonObject:
    body = (await read_body(request, _BODY_LIMIT_BYTES))()
    return JsonObject(parse_json(body or b"{}"), "the request")


async def _read_upload(request: Request, limit_bytes: int) -> bytes:
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS):
            return await asyncio.to_thread(await read_body(request, limit_bytes))
    except TimeoutError:
        raise DeadlineExceeded(f"the body is not there after {_UPLOAD_SECONDS} s; send it faster") from None
