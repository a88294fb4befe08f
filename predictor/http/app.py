"""The doors put together into one ASGI application."""

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from open_inference import ServerMetadata
from predictor.examples import ExampleRequest
from predictor.http.about_doors import about_doors
from predictor.http.classify_door import classify_door
from predictor.http.error_answers import add_error_answers
from predictor.http.request_scope import RequestScope
from predictor.http.v2_doors import health_doors, infer_doors, model_doors
from predictor.identity import ModelIdentity
from predictor.inference_threads import InferenceThreads
from predictor.metrics import PredictorMetrics
from predictor.serving import Serving

_DESCRIPTION = "An Assay predictor: one ONNX model behind the V2 (Open Inference) protocol and the doors around it."


def create_app(
    *,
    serving: Serving,
    metrics: PredictorMetrics,
    threads: InferenceThreads,
    server: ServerMetadata,
    shown: ModelIdentity,
    examples: tuple[ExampleRequest, ...],
    body_limit_bytes: int,
) -> FastAPI:
    """The application; `shown` and `examples` are what its /docs shows."""
    app: FastAPI = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title="Assay predictor",
        version=server.version,
        description=_DESCRIPTION,
        redirect_slashes=False,
    )
    app.include_router(classify_door(threads, metrics, examples=examples, body_limit_bytes=body_limit_bytes))
    app.include_router(about_doors(serving, metrics))
    app.include_router(health_doors(serving, server))
    app.include_router(model_doors(serving, shown))
    app.include_router(infer_doors(threads, metrics, shown=shown, examples=examples, body_limit_bytes=body_limit_bytes))
    add_error_answers(app)
    app.add_middleware(RequestScope, serving=serving, metrics=metrics)
    return app
