"""The doors put together into one ASGI application."""

from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from access.browser import BrowserHeaders
from access.description import with_keys
from access.doorkeeper import Doorkeeper
from predictor.data_plane import DataPlane
from predictor.examples import ExampleRequest
from predictor.files.piece import FileRules
from predictor.http.about_doors import about_doors
from predictor.http.admission import Admission
from predictor.http.classify_door import classify_door
from predictor.http.extension_doors import extension_doors
from predictor.http.file_doors import file_doors
from predictor.http.forward_door import forward_door
from predictor.http.framework_errors import add_error_answers
from predictor.http.openapi import name_answers
from predictor.http.repository_doors import repository_doors
from predictor.http.request_scope import RequestScope
from predictor.http.v2_doors import health_doors, infer_doors, model_doors
from predictor.identity import ModelIdentity

_DESCRIPTION = "An Assay predictor: ONNX models behind the V2 (Open Inference) protocol and the doors around it."


def create_app(
    plane: DataPlane,
    doorkeeper: Doorkeeper,
    *,
    shown: ModelIdentity,
    examples: tuple[ExampleRequest, ...],
    body_limit_bytes: int,
    pixel_limit: int,
    file_rules: FileRules,
    model_limit_bytes: int,
) -> FastAPI:
    """The application; `shown` and `examples` are what its /docs shows."""
    app: FastAPI = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title="Assay predictor",
        version=plane.server_metadata().version,
        description=_DESCRIPTION,
        redirect_slashes=False,
    )
    app.include_router(infer_doors(plane, shown=shown, examples=examples, body_limit_bytes=body_limit_bytes))
    app.include_router(classify_door(plane, examples=examples, body_limit_bytes=body_limit_bytes))
    app.include_router(
        forward_door(plane, shown=shown, examples=examples, body_limit_bytes=body_limit_bytes, pixel_limit=pixel_limit)
    )
    app.include_router(file_doors(plane, file_rules, examples))
    app.include_router(about_doors(plane))
    app.include_router(health_doors(plane))
    app.include_router(extension_doors(plane, shown))  # /v2/models/stats before /v2/models/{model}
    app.include_router(model_doors(plane, shown))
    app.include_router(repository_doors(plane.repository, shown, model_limit_bytes=model_limit_bytes))
    add_error_answers(app)
    describe, is_asking = app.openapi, doorkeeper.is_asking

    def describe_all() -> dict[str, Any]:
        return with_keys(name_answers(describe()), is_asking=is_asking)

    app.openapi = describe_all  # type: ignore[method-assign]  # FastAPI's way to add to it
    app.add_middleware(Admission, doorkeeper=doorkeeper)
    app.add_middleware(BrowserHeaders, own_pages=frozenset({"/docs"}), only_looks=True)
    app.add_middleware(RequestScope, serving=plane.serving, watch=plane.watch)
    return app
