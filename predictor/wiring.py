"""The one place that chooses concrete classes: which engine runs a model, which transport opens the doors."""

import socket
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from bundle import Bundle, Manifest
from predictor.batches import BatchWorker
from predictor.data_plane import DataPlane
from predictor.engines.onnx_runtime import OnnxRuntimeEngine
from predictor.errors import SettingsError
from predictor.examples import ExampleRequest, make_requests
from predictor.foreign_model import describe_model
from predictor.http.app import create_app
from predictor.http.fast_doors import FastDoors
from predictor.http.listener import HttpListener
from predictor.identity import ModelIdentity, identify, short_digest
from predictor.inference_threads import InferenceThreads
from predictor.listener import Listener
from predictor.metrics import PredictorMetrics
from predictor.model_sources import ModelSource, OneBundle, StoredModel
from predictor.models_directory import ModelsDirectory
from predictor.repository import Repository
from predictor.served_model import ServedModel
from predictor.settings import PredictorSettings


def load_model(bundle: Bundle, settings: PredictorSettings) -> ServedModel:
    """The bundle, ready to answer. Raises ModelNotUsable."""
    identity = identify(bundle, model=settings.model, revision=settings.revision)
    return load_stored(StoredModel(identity, bundle.manifest, bundle.model_bytes), settings)


def load_stored(stored: StoredModel, settings: PredictorSettings) -> ServedModel:
    """A model that was read, ready to answer. Raises ModelNotUsable."""
    engine = _create_engine(stored.model_bytes, settings)
    named = stored.identity
    manifest = stored.manifest or describe_model(engine, stored.model_bytes, name=named.model, version=named.version)
    return ServedModel(manifest, engine, identity=stored.identity, row_limit=settings.row_limit)


def create_source(settings: PredictorSettings, bundle_path: Path | None) -> OneBundle | ModelsDirectory:
    """Where models come from: the bundle at `bundle_path`, or else the models' directory.

    Raises BundleError, and SettingsError where there is neither.
    """
    if bundle_path is not None:
        return OneBundle(bundle_path, model=settings.model, revision=settings.revision)
    if settings.models_dir is None:
        raise SettingsError("there is nothing to serve; expected a bundle, or the setting ASSAY_MODELS_DIR")
    if settings.model or settings.revision:
        found = "ASSAY_MODEL and ASSAY_REVISION name the one bundle of a server"
        raise SettingsError(f"{found}; expected neither beside a models' directory, which names its models itself")
    return ModelsDirectory(settings.models_dir)


def create_repository(source: ModelSource, settings: PredictorSettings, metrics: PredictorMetrics) -> Repository:
    """What loads models out of `source`; nothing is loaded yet."""

    def load(stored: StoredModel) -> ServedModel:
        return load_stored(stored, settings)

    return Repository(source, load, metrics, can_change=settings.model_control)


def load_onnx(model_bytes: bytes, *, name: str, version: str, settings: PredictorSettings) -> ServedModel:
    """An ONNX file that comes without a manifest, ready to answer under `name` and `version`. Raises ModelNotUsable.

    Its digest is that of the bundle that it would be.
    """
    engine = _create_engine(model_bytes, settings)
    manifest = describe_model(engine, model_bytes, name=name, version=version)
    digest = manifest.digest()
    identity = ModelIdentity(name, version, revision=short_digest(digest), bundle_digest=digest)
    return ServedModel(manifest, engine, identity=identity, row_limit=settings.row_limit)


def describe_onnx(
    model_bytes: bytes, *, name: str, version: str, stated: Mapping[str, Any] | None, settings: PredictorSettings
) -> Manifest:
    """The manifest of an ONNX file that comes without one (foreign_model.py). Raises ModelNotUsable."""
    engine = _create_engine(model_bytes, settings)
    return describe_model(engine, model_bytes, name=name, version=version, stated=stated)


def _create_engine(model_bytes: bytes, settings: PredictorSettings) -> OnnxRuntimeEngine:
    return OnnxRuntimeEngine(
        model_bytes, intra_op_threads=settings.intra_op_threads, inter_op_threads=settings.inter_op_threads
    )


def create_metrics() -> PredictorMetrics:
    """Metrics of one process."""
    return PredictorMetrics(CollectorRegistry())


def create_data_plane(repository: Repository, settings: PredictorSettings, metrics: PredictorMetrics) -> DataPlane:
    """What both transports serve: whatever `repository` has loaded."""
    worker = BatchWorker(metrics, batch_rows=settings.batch_rows)
    threads = InferenceThreads(worker, threads=settings.inference_threads, limit=settings.queue_limit)
    return DataPlane(repository, threads, metrics, version=version("assay"), deadline_seconds=settings.deadline_seconds)


def create_http_listener(
    source: OneBundle | ModelsDirectory,
    settings: PredictorSettings,
    listening: socket.socket,
    *,
    plane: DataPlane,
    metrics: PredictorMetrics,
) -> Listener:
    """The REST doors on a bound socket."""
    shown, examples = _describe(source)
    app = create_app(
        plane,
        metrics,
        shown=shown,
        examples=examples,
        body_limit_bytes=settings.body_limit_bytes,
        model_limit_bytes=settings.model_limit_bytes,
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
    )


def _describe(source: OneBundle | ModelsDirectory) -> tuple[ModelIdentity, tuple[ExampleRequest, ...]]:
    """What /docs shows, which is made before any model is loaded: of many models no more than their paths."""
    if isinstance(source, OneBundle):
        return source.identity, make_requests(source.manifest, source.identity.model)
    name, versions = next(iter(source.index().items()), ("digits", ("1",)))
    return ModelIdentity(name, versions[0], "", ""), ()
