"""The one place that chooses concrete classes: which engine runs a model, which transport opens the doors."""

import logging
import socket
from collections.abc import Mapping
from contextlib import ExitStack, closing
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prometheus_client import CollectorRegistry

from access.doorkeeper import Doorkeeper
from access.keyring import Keyring
from access.request_rates import RequestRates
from access.tls import ServerCertificates, certificate_files
from bundle import Bundle, Manifest
from predictor.batches import BatchWorker
from predictor.data_plane import DataPlane
from predictor.engines.graph_operators import has_steady_cost
from predictor.engines.onnx_runtime import OnnxRuntimeEngine
from predictor.errors import SettingsError
from predictor.examples import ExampleRequest, make_requests
from predictor.files.piece import FileLimits, FileRules
from predictor.foreign_model import describe_model
from predictor.http.fast_doors import FastDoors
from predictor.http.late_app import LateApp
from predictor.http.listener import HttpListener
from predictor.identity import ModelIdentity, identify, short_digest
from predictor.images.convert import check_image_form
from predictor.inference_threads import InferenceThreads
from predictor.listener import Listener
from predictor.log_lines import LOG
from predictor.metrics import PredictorMetrics
from predictor.model_loading import ModelLoader
from predictor.model_sources import ModelSource, OneBundle, StoredModel
from predictor.models_directory import ModelsDirectory
from predictor.recording.delivery_process import DeliveryProcess
from predictor.recording.prediction_recorder import DiscardRecorder, PredictionRecorder
from predictor.recording.queued_recorder import QueuedRecorder
from predictor.recording.record_directory import RecordDirectory
from predictor.recording.spool_writer import SpoolWriter
from predictor.repository import Repository
from predictor.request_log import RequestLog
from predictor.request_watch import RequestWatch
from predictor.served_model import ServedModel
from predictor.settings import PredictorSettings, TracingSettings
from predictor.tracing.request_span import Tracing
from predictor.workers.counts import Gather
from predictor.workers.crew import Alone
from records.errors import RecordsError
from records.settings import DatabaseSettings

_PIECE_ROWS = 64
"""Of a file in one run: few enough that the requests beside it do not wait for long."""
_UNPACKED_TIMES = 4
"""What an archive may become, in times of the largest one: PNG and JPEG hardly shrink."""


def load_model(bundle: Bundle, settings: PredictorSettings) -> ServedModel:
    """The bundle, ready to answer. Raises ModelNotUsable."""
    identity = identify(bundle, model=settings.model, revision=settings.revision)
    return load_stored(StoredModel(identity, bundle.manifest, bundle.model_bytes), settings)


def load_stored(stored: StoredModel, settings: PredictorSettings) -> ServedModel:
    """A model that was read, ready to answer. Raises ModelNotUsable."""
    engine = _create_engine(stored.model_bytes, settings)
    named = stored.identity
    manifest = stored.manifest or describe_model(engine, stored.model_bytes, name=named.model, version=named.version)
    if manifest.image:
        check_image_form(manifest.image, manifest.inputs[0])
    return _serve(stored.model_bytes, manifest, engine, stored.identity, settings)


def _serve(
    model_bytes: bytes,
    manifest: Manifest,
    engine: OnnxRuntimeEngine,
    identity: ModelIdentity,
    settings: PredictorSettings,
) -> ServedModel:
    return ServedModel(
        manifest,
        engine,
        identity=identity,
        row_limit=settings.row_limit,
        quick_rows=_rows_of_run(settings),
        quick_seconds=settings.quick_seconds if has_steady_cost(model_bytes) else 0.0,
    )


def _rows_of_run(settings: PredictorSettings) -> int:
    return min(settings.batch_rows, settings.row_limit)


def create_source(
    settings: PredictorSettings, bundle_path: Path | None, began_with: StoredModel | None = None
) -> OneBundle | ModelsDirectory:
    """Where models come from: the bundle at `bundle_path`, or else the models' directory.

    `began_with` is the bundle that was there when other workers of this server began. Raises BundleError, and
    SettingsError where there is neither.
    """
    if bundle_path is not None:
        return OneBundle(bundle_path, model=settings.model, revision=settings.revision, began_with=began_with)
    if settings.models_dir is None:
        raise SettingsError("there is nothing to serve; expected a bundle, or the setting ASSAY_MODELS_DIR")
    if settings.model or settings.revision:
        found = "ASSAY_MODEL and ASSAY_REVISION name the one bundle of a server"
        raise SettingsError(f"{found}; expected neither beside a models' directory, which names its models itself")
    return ModelsDirectory(settings.models_dir)


def create_repository(
    source: ModelSource, settings: PredictorSettings, metrics: PredictorMetrics, crew: Alone | None = None
) -> Repository:
    """What loads models out of `source`, alone or as one of `crew`; nothing is loaded yet."""
    crew = crew or Alone()

    def load(stored: StoredModel) -> ServedModel:
        return load_stored(stored, settings)

    loader = ModelLoader(source, load, crew.copies)
    return Repository(source, loader, metrics, can_change=settings.model_control, change_all=crew.change_all)


def load_onnx(model_bytes: bytes, *, name: str, version: str, settings: PredictorSettings) -> ServedModel:
    """An ONNX file that comes without a manifest, ready to answer under `name` and `version`. Raises ModelNotUsable.

    Its digest is that of the bundle that it would be.
    """
    engine = _create_engine(model_bytes, settings)
    manifest = describe_model(engine, model_bytes, name=name, version=version)
    digest = manifest.digest()
    identity = ModelIdentity(name, version, revision=short_digest(digest), bundle_digest=digest)
    return _serve(model_bytes, manifest, engine, identity, settings)


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


def create_data_plane(
    repository: Repository, settings: PredictorSettings, metrics: PredictorMetrics, gather: Gather | None = None
) -> DataPlane:
    """What both transports serve: whatever `repository` has loaded; `gather` is for one of several workers."""
    worker = BatchWorker(metrics, batch_rows=settings.batch_rows)
    threads = InferenceThreads(worker, threads=settings.inference_threads, limit=settings.queue_limit)
    return DataPlane(
        repository,
        threads,
        metrics,
        create_watch(settings, metrics),
        version=version("assay"),
        deadline_seconds=settings.deadline_seconds,
        gather=gather,
    )


def create_watch(settings: PredictorSettings, metrics: PredictorMetrics) -> RequestWatch:
    """Who is told of every request. Raises SettingsError for a recorder or an exporter that cannot be had."""
    log = RequestLog(slow_seconds=settings.slow_seconds)
    recorder, tracing = create_recorder(settings, metrics), create_tracing(TracingSettings())
    return RequestWatch(metrics, recorder, log, tracing, client_header=settings.record_client_header)


def create_recorder(settings: PredictorSettings, metrics: PredictorMetrics) -> PredictionRecorder:
    """Where predictions go. Raises SettingsError."""
    kind, _, place = settings.record.partition(":")
    if kind == "none":
        return DiscardRecorder()
    limits = f"--record-bytes={settings.record_limit_bytes}", f"--spool-bytes={settings.record_disk_bytes}"
    with ExitStack() as stack:
        spool_dir, sink = settings.record_spool_dir, list[str]()
        if kind == "database":
            _check_database()
        else:
            directory = stack.enter_context(closing(RecordDirectory(Path(place)))).path
            sink = [f"--jsonl={directory}", f"--disk-bytes={settings.record_disk_bytes}"]
            spool_dir = spool_dir or directory / "spool"
        is_temporary = spool_dir is None
        if spool_dir is None:
            spool_dir = Path(stack.enter_context(_temporary_spool()))
        folder = stack.enter_context(closing(RecordDirectory(spool_dir))).path
        spool = stack.enter_context(closing(SpoolWriter(folder, limit_bytes=settings.record_disk_bytes)))
        options = [f"--spool={folder}", f"--log-level={settings.log_level}", *limits, *sink]
        delivery = DeliveryProcess([*options, *(["--is-temporary"] if is_temporary else [])])
        return QueuedRecorder(
            spool,
            delivery,
            metrics.recorder,
            queue_bytes=settings.record_queue_bytes,
            record_bytes=settings.record_limit_bytes,
            parts=stack.pop_all(),
            is_temporary=is_temporary,
        )


def _check_database() -> None:
    """Raises SettingsError where no database is set, or nothing is installed that speaks to one."""
    try:
        DatabaseSettings.read().database_url()
    except RecordsError as error:
        raise SettingsError(str(error)) from error
    if missing := [name for name in ("sqlalchemy", "psycopg") if find_spec(name) is None]:
        found = f"ASSAY_RECORD=database, but what speaks to one is missing ({missing[0]})"
        raise SettingsError(f"{found}; expected assay[records] to be installed")


def _temporary_spool() -> "TemporaryDirectory[str]":
    try:
        return TemporaryDirectory(prefix="assay-spool-", ignore_cleanup_errors=True)
    except OSError as error:
        raise SettingsError(
            f"predictions have nowhere to wait for the database: {error.strerror}; "
            "expected ASSAY_RECORD_SPOOL_DIR, or TMPDIR to name a directory that can be written to"
        ) from error


def create_tracing(settings: TracingSettings) -> Tracing | None:
    """Where spans go; nowhere without an endpoint. Raises SettingsError without the SDK."""
    if settings.endpoint is None:
        return None
    try:
        from predictor.tracing.otlp import OtlpTracing  # noqa: PLC0415  # an extra, which most do without
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"OpenTelemetry's endpoint is {settings.endpoint}, but its SDK is missing ({error.name}); "
            "expected assay[tracing] to be installed, or no endpoint"
        ) from error
    return OtlpTracing(settings.endpoint, service=settings.service_name, version=version("assay"))


def create_http_listener(
    source: OneBundle | ModelsDirectory,
    settings: PredictorSettings,
    listening: socket.socket,
    *,
    plane: DataPlane,
    doorkeeper: Doorkeeper,
    certificates: ServerCertificates | None,
) -> Listener:
    """The REST doors on a bound socket."""
    app = LateApp(partial(_create_app, source, settings, plane, doorkeeper), plane.serving, plane.watch)
    doors = create_fast_doors(settings, plane, doorkeeper)
    return HttpListener(
        app,
        listening,
        doors=doors if settings.fast_path else None,
        certificates=certificates,
        keep_alive_seconds=settings.keep_alive_seconds,
        finish_seconds=settings.finish_seconds,
    )


def create_doorkeeper(settings: PredictorSettings) -> Doorkeeper:
    """Who is let in. Raises KeysNotUsable."""
    log = logging.getLogger(LOG)
    keyring = Keyring(settings.keys_file, log.error) if settings.keys_file else None
    return Doorkeeper(keyring, RequestRates(settings.rate_limit) if settings.rate_limit else None)


def create_certificates(settings: PredictorSettings) -> ServerCertificates | None:
    """What TLS is spoken with, where it is. Raises CertificateNotUsable."""
    files = certificate_files(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
    return ServerCertificates(files, logging.getLogger(LOG).error) if files else None


def _create_app(
    source: OneBundle | ModelsDirectory, settings: PredictorSettings, plane: DataPlane, doorkeeper: Doorkeeper
) -> Any:
    """The ASGI application."""
    from predictor.http.app import create_app  # noqa: PLC0415  # 9 MB, and a quarter of a start's imports

    shown, examples = _describe(source)
    return create_app(
        plane,
        doorkeeper,
        shown=shown,
        examples=examples,
        body_limit_bytes=settings.body_limit_bytes,
        pixel_limit=settings.pixel_limit,
        file_rules=_file_rules(settings),
        model_limit_bytes=settings.model_limit_bytes,
    )


def create_fast_doors(settings: PredictorSettings, plane: DataPlane, doorkeeper: Doorkeeper) -> FastDoors:
    """The doors of inference that pass the web framework by."""
    return FastDoors(plane, doorkeeper, body_limit_bytes=settings.body_limit_bytes, rows_of_run=_rows_of_run(settings))


def _file_rules(settings: PredictorSettings) -> FileRules:
    limits = FileLimits(
        rows=settings.file_row_limit,
        rows_of_piece=min(_PIECE_ROWS, settings.row_limit),
        pixels=settings.pixel_limit,
        entry_bytes=settings.body_limit_bytes,
        unpacked_bytes=_UNPACKED_TIMES * settings.file_limit_bytes,
    )
    return FileRules(
        limits,
        body_limit_bytes=settings.file_limit_bytes,
        deadline_seconds=settings.file_deadline_seconds,
        at_once=settings.files_at_once,
    )


def create_grpc_listener(
    settings: PredictorSettings,
    *,
    plane: DataPlane,
    doorkeeper: Doorkeeper,
    certificates: ServerCertificates | None,
) -> Listener | None:
    """The gRPC service, if it has a port; raises CannotListen. Called on the running event loop."""
    if settings.grpc_port is None:
        return None
    from predictor.grpc.listener import GrpcListener  # noqa: PLC0415  # 14 MB that REST alone does not need

    return GrpcListener(
        plane,
        doorkeeper,
        host=settings.host,
        port=settings.grpc_port,
        message_limit_bytes=settings.body_limit_bytes,
        finish_seconds=settings.finish_seconds,
        is_port_shared=settings.workers > 1,
        certificates=certificates,
    )


def _describe(source: OneBundle | ModelsDirectory) -> tuple[ModelIdentity, tuple[ExampleRequest, ...]]:
    """What /docs shows, which is made before any model is loaded: of many models no more than their paths."""
    if isinstance(source, OneBundle):
        return source.identity, make_requests(source.manifest, source.identity.model)
    name, versions = next(iter(source.index().items()), ("digits", ("1",)))
    return ModelIdentity(name, versions[0], "", ""), ()
