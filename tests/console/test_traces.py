"""What a collector hears of a console."""

from pathlib import Path

import pytest

from tests.assay.program import free_ports
from tests.console.console_process import ConsoleProcess
from tests.predictor.collector import run_collector
from tests.predictor.server_process import wait_for

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.slow
def test_a_request_at_a_door_is_a_span_of_its_callers_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    with run_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        console = ConsoleProcess(tmp_path / "state", port).start()
        try:
            header = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            console.ask("GET", "/health", headers=header)
            console.ask("GET", "/experiments/7", 404, headers=header)
        finally:
            console.stop()
        wait_for(lambda: collector.spans)
    (span,) = collector.spans
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.name == "GET /experiments/{experiment_id}"
    assert collector.services == {"assay-console"}
