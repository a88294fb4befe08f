"""A line of the log for each request that failed or was slow, unless they are too many."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import grpc
import httpx
import numpy as np
import pytest

from bundle import Bundle
from tests.predictor.bundles import BREAKING
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import infer_message, inference_stub
from tests.predictor.server_process import find_free_port, wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
BREAKS = [1.0, 0.0, BREAKING, 0.0]
FAILURES = 60


def test_a_failed_request_is_one_line_over_each_transport(
    contrary: Bundle, start_server: StartServer, fast_path: bool
) -> None:
    process = start_server(
        contrary.path, grpc_port=0, revision="r1", slow_seconds=1000, fast_path=fast_path
    ).wait_until_ready()
    parent = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    with process.client() as client, inference_stub(process.grpc) as stub:
        assert client.post("/classify", json=BREAKS, headers={"x-request-id": "1", **parent}).status_code == 500
        assert client.post("/classify", json=[1.0]).status_code == 400
        with pytest.raises(grpc.RpcError):
            stub("ModelInfer", infer_message(np.array([BREAKS]), model="contrary"), metadata=(("x-request-id", "2"),))
    process.stop()
    rest, over_grpc = [line for line in process.log_lines() if line["message"] == "a request failed"]
    for line in (rest, over_grpc):
        assert (line["level"], line["model"], line["revision"], line["rows"]) == ("error", "contrary", "r1", 1)
        assert line["error"].startswith("InferenceFailed: ONNX Runtime cannot run the model: ")
        assert line["traceback"].startswith("Traceback")
        assert line["seconds"] >= line["queue_seconds"] >= 0
        assert line["bundle_digest"] == contrary.digest
    assert (rest["request_id"], rest["trace_id"], rest["code"], rest["route"]) == ("1", TRACE, 500, "/classify")
    assert (over_grpc["request_id"], over_grpc["code"], over_grpc["transport"]) == ("2", "INTERNAL", "grpc")


def test_the_least_that_is_logged_is_a_setting(contrary: Bundle, start_server: StartServer) -> None:
    port = find_free_port()
    process = start_server(contrary.path, http_port=port, slow_seconds=1e-6, log_level="error")
    process.url = f"http://127.0.0.1:{port}"

    def ask(row: list[float]) -> int | None:
        with process.client() as client, suppress(httpx.TransportError):
            return client.post("/classify", json=row).status_code
        return None

    wait_for(lambda: ask([1.0, 0.0, 0.0, 0.0]) == 200, process.is_running)
    assert ask(BREAKS) == 500
    process.stop()
    assert {line["message"] for line in process.log_lines()} == {"a request failed"}


def test_a_slow_request_is_a_line(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, slow_seconds=1e-6).wait_until_ready()
    with process.client() as client:
        assert client.post("/classify", json=[1.0, 0.0, 0.0, 0.0]).status_code == 200
    process.stop()
    (line,) = [line for line in process.log_lines() if line["message"] == "a request was slow"]
    assert (line["level"], line["code"], line["route"], line["rows"]) == ("warning", 200, "/classify", 1)
    assert "error" not in line


def test_a_flood_of_failures_is_no_flood_of_lines(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path).wait_until_ready()
    with process.client() as client, ThreadPoolExecutor() as threads:
        answers = threads.map(lambda _: client.post("/classify", json=BREAKS).status_code, range(FAILURES))
        assert set(answers) == {500}
    process.stop()
    lines = [line for line in process.log_lines() if "fail" in line["message"]]
    told = [line for line in lines if line["message"] == "a request failed"]
    assert 20 <= len(told) <= FAILURES
    assert len(told) + sum(line.get("suppressed", 0) for line in lines) == FAILURES
