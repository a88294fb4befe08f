"""The doors put together into one ASGI application."""

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from predictor.data_plane import DataPlane
from predictor.examples import ExampleRequest
from predictor.http.about_doors import about_doors
from predictor.http.classify_door import classify_door
from predictor.http.error_answers import add_error_answers
from predictor.http.extension_doors import extension_doors
from predictor.http.request_scope import RequestScope
from predictor.http.v2_doors import health_doors, infer_doors, model_doors
from predictor.identity import ModelIdentity
from predictor.metrics import PredictorMetrics

_DESCRIPTION = "An Assay predictor: one ONNX model behind the V2 (Open Inference) protocol and the doors around it."


def create_app(
    plane: DataPlane,
    metrics: PredictorMetrics,
    *,
    shown: ModelIdentity,
    examples: tuple[ExampleRequest, ...],
    body_limit_bytes: int,
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
    app.include_router(about_doors(plane))
    app.include_router(health_doors(plane))
    app.include_router(extension_doors(plane, shown))  # /v2/models/stats before /v2/models/{model}
    app.include_router(model_doors(plane, shown))
    add_error_answers(app)
    app.add_middleware(RequestScope, serving=plane.serving, metrics=metrics)
    return app
