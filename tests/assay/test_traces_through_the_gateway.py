"""One trace from the client through the gateway to the model, as a collector gets it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from bundle import Bundle
from tests.assay.program import assay, free_ports, start_and_wait
from tests.predictor.bundles import write_contrary_bundle
from tests.predictor.collector import Collector, run_collector
from tests.predictor.server_process import ServerProcess, wait_for

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def contrary(tmp_path: Path) -> Bundle:
    return write_contrary_bundle(tmp_path / "bundle")


@pytest.mark.slow
def test_a_request_is_one_trace_from_the_client_to_the_model(
    contrary: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with ServerProcess(contrary.path, tmp_path / "predictor.log") as process:
            process.wait_until_ready()
            (port,) = free_ports(1)
            url = f"http://127.0.0.1:{port}"
            command = ["split", "run", "--gateway", tmp_path / "gateway", "--port", port]
            stable = ["--stable", f"v1={process.url}"]
            gateway = start_and_wait(f"{url}/v2/health/ready", tmp_path / "gateway.log", *command, *stable)
            try:
                header = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
                httpx.post(f"{url}/classify", json=[1.0, 0.0, 0.0, 0.0], headers=header, trust_env=False)
                wait_for(lambda: len(in_trace(collector)) == 3)
            finally:
                gateway.stop()
    (inference,) = collector.named("inference")
    (answered,) = collector.named("POST /classify")
    (passed_on,) = [one for one in in_trace(collector) if one not in (inference, answered)]
    assert inference.parent_span_id == answered.span_id
    assert answered.parent_span_id == passed_on.span_id
    assert passed_on.parent_span_id.hex() == PARENT
    assert collector.services == {"assay-gateway", "assay-predictor"}


def in_trace(collector: Collector) -> list[Any]:
    return [span for span in collector.spans if span.trace_id.hex() == TRACE]


def test_a_collector_that_the_gateway_cannot_speak_to_is_named(tmp_path: Path) -> None:
    done = assay(
        "split",
        "run",
        *("--stable", "v1=http://127.0.0.1:9", "--gateway", tmp_path),
        environment={"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/v1/traces"},
    )
    assert done.code == 1
    assert "the gateway cannot send traces to https://collector/v1/traces; expected http://" in done.stderr
