"""The one place that chooses concrete classes: which engine runs a model, which transport opens the doors."""

import socket
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from bundle import Bundle
from open_inference import ServerMetadata
from predictor.engines.onnx_runtime import OnnxRuntimeEngine
from predictor.examples import make_requests
from predictor.http.app import create_app
from predictor.http.listener import Listener
from predictor.identity import identify
from predictor.inference_threads import InferenceThreads
from predictor.metrics import PredictorMetrics
from predictor.served_model import ServedModel
from predictor.serving import Serving
from predictor.settings import PredictorSettings


def load_model(bundle: Bundle, settings: PredictorSettings) -> ServedModel:
    """The bundle, ready to answer. Raises ModelNotUsable."""
    engine = OnnxRuntimeEngine(
        bundle.model_bytes,
        intra_op_threads=settings.intra_op_threads,
        inter_op_threads=settings.inter_op_threads,
    )
    identity = identify(bundle, model=settings.model, revision=settings.revision)
    return ServedModel(bundle.manifest, engine, identity=identity, row_limit=settings.row_limit)


def create_metrics() -> PredictorMetrics:
    """Metrics of one process."""
    return PredictorMetrics(CollectorRegistry())


def create_listener(
    bundle: Bundle,
    settings: PredictorSettings,
    listening: socket.socket,
    *,
    serving: Serving,
    metrics: PredictorMetrics,
) -> Listener:
    """The REST doors on a bound socket; they answer for whatever `serving` holds."""
    identity = identify(bundle, model=settings.model, revision=settings.revision)
    app = create_app(
        serving=serving,
        metrics=metrics,
        threads=InferenceThreads(settings.inference_threads),
        server=ServerMetadata(name="assay", version=version("assay"), extensions=()),
        shown=identity,
        examples=make_requests(bundle.manifest, identity.model),
        body_limit_bytes=settings.body_limit_bytes,
    )
    return Listener(
        app, listening, keep_alive_seconds=settings.keep_alive_seconds, finish_seconds=settings.finish_seconds
    )
