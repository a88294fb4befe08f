"""Spans as a collector gets them, over OTLP/HTTP."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from bundle import Bundle
from predictor.errors import SettingsError
from predictor.settings import TracingSettings
from predictor.wiring import create_tracing
from tests.predictor.bundles import BREAKING
from tests.predictor.collector import Collector, run_collector
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import infer_message, inference_stub
from tests.predictor.server_process import find_free_port

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CARRIER = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=7"}
ROW = [1.0, 0.0, 0.0, 0.0]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with run_collector() as collector:
        yield collector


def attributes_of(span: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes}


@pytest.mark.slow
def test_a_request_is_a_span_of_its_callers_trace_and_its_run_a_span_below(
    contrary: Bundle,
    start_server: StartServer,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    fast_path: bool,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "digits-v1")
    process = start_server(contrary.path, grpc_port=0, revision="r1", fast_path=fast_path).wait_until_ready()
    with process.client() as client, inference_stub(process.grpc) as stub:
        answer = client.post("/classify", json=ROW, headers={"x-request-id": "1", **CARRIER})
        broken = client.post("/classify", json=[1.0, 0.0, BREAKING, 0.0])
        assert broken.status_code == 500
        message = infer_message(np.array([ROW]), model="contrary")
        _, call = stub.call("ModelInfer", message, metadata=tuple(CARRIER.items()))
        trailing = dict(call.trailing_metadata())
    process.stop()
    rest, failed = collector.named("POST /classify")
    (over_grpc,) = collector.named("inference.GRPCInferenceService/ModelInfer")
    assert collector.services == {"digits-v1"}
    for span, said in ((rest, answer.headers["traceparent"]), (over_grpc, trailing["traceparent"])):
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
        assert span.trace_state == CARRIER["tracestate"]
        assert said == f"00-{TRACE}-{span.span_id.hex()}-01"
        (run,) = [run for run in collector.named("inference") if run.parent_span_id == span.span_id]
        assert span.start_time_unix_nano <= run.end_time_unix_nano <= span.end_time_unix_nano
        assert attributes_of(run) == {"assay.batch.requests": 1, "assay.batch.rows": 1}
    named = {"assay.model": "contrary", "assay.version": "1", "assay.revision": "r1"}
    assert attributes_of(rest) == named | {
        "assay.request_id": "1",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/classify",
        "url.scheme": "http",
    }
    said_of_grpc = attributes_of(over_grpc)
    assert said_of_grpc.pop("assay.request_id") == trailing["x-request-id"]
    assert said_of_grpc == named | {
        "rpc.system": "grpc",
        "rpc.service": "inference.GRPCInferenceService",
        "rpc.method": "ModelInfer",
        "rpc.grpc.status_code": 0,
    }
    assert failed.status.code == 2
    assert attributes_of(failed)["error.type"] == "500"
    assert failed.trace_id.hex() != TRACE


@pytest.mark.slow
def test_requests_that_share_a_run_are_linked_with_it(
    contrary: Bundle, start_server: StartServer, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/v1/traces")
    process = start_server(contrary.path, inference_threads=1).wait_until_ready()
    with process.client() as client, ThreadPoolExecutor(16) as threads:
        held = threads.submit(client.post, "/classify", json=[1.0, 1_500_000.0, 0.0, 0.0])
        answers = list(threads.map(lambda _: client.post("/classify", json=ROW), range(40)))
        assert {answer.status_code for answer in (*answers, held.result())} == {200}
    process.stop()
    requests = {span.span_id: span for span in collector.named("POST /classify")}
    runs = {span.span_id: span for span in collector.named("inference")}
    assert len(requests) == 41
    for identity, span in requests.items():
        own = [run for run in runs.values() if run.parent_span_id == identity]
        linked = [runs[link.span_id] for link in span.links]
        assert len(own) + len(linked) == 1, "each request was answered by one run"
        assert all(identity in {link.span_id for link in run.links} for run in linked)
    shares = [attributes_of(run)["assay.batch.requests"] for run in runs.values()]
    assert sum(shares) == len(requests)
    assert max(shares) > 1


@pytest.mark.slow
def test_a_collector_that_is_away_costs_no_answer_and_no_end(
    contrary: Bundle, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{find_free_port()}")
    process = start_server(contrary.path, finish_seconds=1).wait_until_ready()
    with process.client() as client:
        assert {client.post("/classify", json=ROW).status_code for _ in range(20)} == {200}
    assert process.stop() == 0
    assert all(line.startswith("{") for line in process.log.read_text().splitlines())


def test_without_an_endpoint_there_are_no_traces(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path).wait_until_ready()
    with process.client() as client:
        assert "traceparent" not in client.post("/classify", json=ROW, headers=CARRIER).headers


def test_the_sdk_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "predictor.tracing.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = TracingSettings(exporter_otlp_endpoint="http://collector:4318/")
    with pytest.raises(SettingsError, match=r"endpoint is http://collector:4318/v1/traces, but its SDK is missing"):
        create_tracing(settings)


def test_no_endpoint_is_no_tracing() -> None:
    assert create_tracing(TracingSettings(exporter_otlp_endpoint="")) is None
