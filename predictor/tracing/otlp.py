"""Spans by OpenTelemetry's SDK, sent to a collector over OTLP/HTTP. The only module that imports it.

Attributes are those of OpenTelemetry's semantic conventions for HTTP and RPC servers, and our own `assay.*`. The SDK
sends from a thread of its own, out of a queue of 2,048 spans; what does not fit in there is lost, and requests never
wait. Which requests are sampled, and what else the SDK can be told (OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES,
OTEL_BSP_*), it reads from the environment itself.
"""

import threading
from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from predictor.tracing.request_span import EndedRequest, RequestSpan

_EXPORT_SECONDS = 5.0  # an export of one batch, with all that is tried
_GRPC_CODES = (  # by number
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)


class OtlpTracing:
    """A Tracing that sends to the OTLP/HTTP `endpoint` (the whole URL) as the service `service`."""

    def __init__(self, endpoint: str, *, service: str, version: str) -> None:
        resource = Resource.create({SERVICE_NAME: service, SERVICE_VERSION: version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint, timeout=_EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("assay.predictor", version)
        self._context = TraceContextTextMapPropagator()
        self._closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)

    def begin(self, carrier: Mapping[str, str]) -> "OtlpSpan":
        """See Tracing."""
        given = {name: carrier[name] for name in self._context.fields if name in carrier}
        parent = self._context.extract(given, Context())
        return OtlpSpan(self._tracer, self._tracer.start_span("request", parent, SpanKind.SERVER))

    def close(self, timeout_seconds: float) -> None:
        """See Tracing. The SDK would wait for a collector that is away for as long as it likes."""
        if self._closing.ident is None:
            self._closing.start()
        self._closing.join(timeout_seconds)


class OtlpSpan:
    """A RequestSpan."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span

    @property
    def trace_parent(self) -> str:
        """See RequestSpan; the form is that of W3C's Trace Context, section 3.2."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def add_run(self, others: Sequence[RequestSpan], *, started_ns: int, ended_ns: int, rows: int) -> None:
        """See RequestSpan. The run is a part of this request's trace; those of the others are linked with it."""
        shared = [other._span for other in others if isinstance(other, OtlpSpan)]
        run = self._tracer.start_span(
            "inference",
            set_span_in_context(self._span, Context()),
            attributes={"assay.batch.requests": 1 + len(others), "assay.batch.rows": rows},
            links=[Link(span.get_span_context()) for span in shared],
            start_time=started_ns,
        )
        for span in shared:
            span.add_link(run.get_span_context())
        run.end(ended_ns)

    def end(self, request: EndedRequest) -> None:
        """See RequestSpan."""
        self._span.set_attributes(_describe(request))
        self._span.update_name(f"{request.method} {request.route}" if request.method else request.route.lstrip("/"))
        if request.is_failure:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def _describe(request: EndedRequest) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {"assay.request_id": request.request_id}
    if request.identity:
        attributes["assay.model"] = request.identity.model
        attributes["assay.version"] = request.identity.version
        attributes["assay.revision"] = request.identity.revision
    if isinstance(request.code, int):
        attributes |= {"http.request.method": request.method, "http.response.status_code": request.code}
        attributes |= {"http.route": request.route, "url.scheme": "http"}
    else:
        service, _, method = request.route.lstrip("/").partition("/")
        attributes |= {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
        attributes["rpc.grpc.status_code"] = _GRPC_CODES.index(request.code)
    if request.is_failure:
        attributes["error.type"] = str(request.code)
    return attributes
