"""The one place that chooses concrete classes: which engine runs a model, which transport opens the doors."""

import socket
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from bundle import Bundle
from predictor.batches import BatchWorker
from predictor.data_plane import DataPlane
from predictor.engines.onnx_runtime import OnnxRuntimeEngine
from predictor.examples import make_requests
from predictor.http.app import create_app
from predictor.http.fast_doors import FastDoors
from predictor.http.listener import HttpListener
from predictor.identity import identify
from predictor.inference_threads import InferenceThreads
from predictor.listener import Listener
from predictor.metrics import PredictorMetrics
from predictor.served_model import ServedModel
from predictor.serving import Serving
from predictor.settings import PredictorSettings
from predictor.workers.counts import Gather


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


def create_data_plane(
    serving: Serving, settings: PredictorSettings, metrics: PredictorMetrics, gather: Gather | None = None
) -> DataPlane:
    """What both transports serve: whatever `serving` holds; `gather` is for one of several workers."""
    worker = BatchWorker(metrics, batch_rows=settings.batch_rows)
    threads = InferenceThreads(worker, threads=settings.inference_threads, limit=settings.queue_limit)
    return DataPlane(
        serving,
        threads,
        metrics,
        version=version("assay"),
        deadline_seconds=settings.deadline_seconds,
        gather=gather,
    )


def create_http_listener(
    bundle: Bundle,
    settings: PredictorSettings,
    listening: socket.socket,
    *,
    plane: DataPlane,
    metrics: PredictorMetrics,
) -> Listener:
    """The REST doors on a bound socket."""
    identity = identify(bundle, model=settings.model, revision=settings.revision)
    app = create_app(
        plane,
        metrics,
        shown=identity,
        examples=make_requests(bundle.manifest, identity.model),
        body_limit_bytes=settings.body_limit_bytes,
    )
    doors = FastDoors(plane, metrics, body_limit_bytes=settings.body_limit_bytes)
    return HttpListener(
        app,
        listening,
        doors=doors if settings.fast_path else None,
        keep_alive_seconds=settings.keep_alive_seconds,
        finish_seconds=settings.finish_seconds,
    )


def create_grpc_listener(
    settings: PredictorSettings, *, plane: DataPlane, metrics: PredictorMetrics
) -> Listener | None:
    """The gRPC service, if it has a port; raises CannotListen. Called on the running event loop."""
    if settings.grpc_port is None:
        return None
    from predictor.grpc.listener import GrpcListener  # noqa: PLC0415  # 14 MB that REST alone does not need

    return GrpcListener(
        plane,
        metrics,
        host=settings.host,
        port=settings.grpc_port,
        message_limit_bytes=settings.body_limit_bytes,
        finish_seconds=settings.finish_seconds,
        is_port_shared=settings.workers > 1,
    )
