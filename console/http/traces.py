"""Spans of a console, sent to a collector over OTLP/HTTP: of each request at its doors, and of each that it makes.

OpenTelemetry's own instrumentation makes them, and its SDK reads its further variables from the environment itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import get_current_span

_EXPORT_SECONDS = 5.0  # of one batch, with all that is tried; what the end waits for at most
_NO_SPANS = "health,metrics,_nicegui"  # asked all the time, or open as long as a page is


def trace_of_this() -> str | None:
    """The id of the trace that the work of the moment is a part of."""
    context = get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


@contextmanager
def traced(app: FastAPI, endpoint: str, version: str) -> Iterator[None]:
    """Within the block requests make spans, which go to the URL `endpoint`; those that wait are sent at its end."""
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: "assay-console", SERVICE_VERSION: version}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint, timeout=_EXPORT_SECONDS)))
    clients = HTTPXClientInstrumentor()
    clients.instrument(tracer_provider=provider)
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=provider, excluded_urls=_NO_SPANS, exclude_spans=["receive", "send"]
    )
    try:
        yield
    finally:
        clients.uninstrument()
        provider.shutdown()
