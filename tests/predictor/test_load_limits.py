"""More work than the server can do: what is beyond the bound, and what takes too long, is told so at once."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import grpc
import httpx
import numpy as np
import orjson
import pytest

from bundle import Bundle
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import infer_message, inference_stub, refusal
from tests.predictor.server_process import ServerProcess, wait_for
from tests.predictor.test_about_doors import count

INFER = "/v2/models/contrary/infer"
ROW = [1.0, 1.0, 0.0, 0.0]
QUICK = infer_message(np.array([ROW]), model="contrary")
ENDLESS = [1.0, 4e9, 0.0, 0.0]  # turns of a microsecond
TIMEOUT = "x-request-timeout-ms"


@contextmanager
def endless_requests(server: ServerProcess, client: httpx.Client, number: int) -> Iterator[None]:
    """One thread has the first of them, and the others wait for it; no run may be shared."""
    address = urlsplit(server.url)
    body = orjson.dumps(ENDLESS)
    head = f"POST /classify HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(number):
            connection = stack.enter_context(socket.create_connection((str(address.hostname), address.port or 0)))
            connection.sendall(head.encode() + body)
        wait_for(lambda: queue_depth(client) == number - 1)
        yield


def queue_depth(client: httpx.Client) -> float:
    (line,) = [line for line in client.get("/metrics").text.splitlines() if line.startswith("assay_queue_depth ")]
    return float(line.split()[1])


def fail_count(client: httpx.Client) -> int:
    statistics = client.get("/v2/models/contrary/stats").json()["model_stats"][0]
    assert statistics["execution_count"] == 0
    return int(statistics["inference_stats"]["fail"]["count"])


def test_beyond_the_bound_a_request_is_429_and_health_is_answered(
    contrary: Bundle, start_server: StartServer, fast_path: bool
) -> None:
    limits = {"inference_threads": 1, "queue_limit": 2, "batch_rows": 1}
    process = start_server(contrary.path, grpc_port=0, fast_path=fast_path, **limits).wait_until_ready()
    full = "2 requests wait or are worked on, and no more are taken; ask again soon"
    with process.client() as client, inference_stub(process.grpc) as stub, endless_requests(process, client, 2):
        for path, body in ((INFER, infer_body([ROW])), ("/classify", ROW)):
            response = client.post(path, json=body)
            assert (response.status_code, response.json()) == (429, {"error": full})
            assert response.headers["retry-after"] == "1"
        assert [refusal(stub, "ModelInfer", QUICK) for _ in range(8)] == [("RESOURCE_EXHAUSTED", full)] * 8
        assert client.get("/v2/health/ready").status_code == 200
        assert stub("ServerReady").ready
        assert stub("ModelReady", messages.ModelReadyRequest(name="contrary")).ready
        assert fail_count(client) == 10
        assert count(client, "assay_requests_total", transport="rest", code="429") == 2


@pytest.mark.parametrize("of_whom", ["the server", "the caller"])
def test_what_has_no_answer_at_its_deadline_is_504(
    contrary: Bundle, start_server: StartServer, fast_path: bool, of_whom: str
) -> None:
    deadline, headers = (0.2, {}) if of_whom == "the server" else (3600, {TIMEOUT: "200"})
    process = start_server(contrary.path, deadline_seconds=deadline, fast_path=fast_path).wait_until_ready()
    late = "there is no answer after 0.2 s, the request's deadline; ask again later"
    with process.client() as client:
        response = client.post("/classify", json=ENDLESS, headers=headers)
        assert (response.status_code, response.json()) == (504, {"error": late})
        assert client.post(INFER, json=infer_body([ROW]), headers=headers).status_code == 200, "a thread is left"
    (failure,) = [line for line in process.log_lines() if line["level"] == "error"]
    assert failure["code"] == 504


def test_what_waits_until_its_deadline_is_never_worked_on(
    contrary: Bundle, start_server: StartServer, fast_path: bool
) -> None:
    limits = {"inference_threads": 1, "queue_limit": 3, "batch_rows": 1}
    process = start_server(contrary.path, grpc_port=0, fast_path=fast_path, **limits).wait_until_ready()
    with process.client() as client, inference_stub(process.grpc) as stub, endless_requests(process, client, 2):
        for late in range(1, 5):
            assert client.post(INFER, json=infer_body([ROW]), headers={TIMEOUT: "50"}).status_code == 504
            assert queue_depth(client) == 1
            assert fail_count(client) == late, "it has left the queue, where there is room for one"
        assert stub.begin("ModelInfer", QUICK, timeout=0.1).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        wait_for(lambda: queue_depth(client) == 1)


def test_the_servers_own_deadline_holds_over_grpc(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, grpc_port=0, deadline_seconds=0.2).wait_until_ready()
    with inference_stub(process.grpc) as stub:
        endless = infer_message(np.array([ENDLESS]), model="contrary")
        late = "there is no answer after 0.2 s, the request's deadline; ask again later"
        assert refusal(stub, "ModelInfer", endless) == ("DEADLINE_EXCEEDED", late)
        assert stub("ModelInfer", QUICK).id


@pytest.mark.parametrize("given", ["", "0", "-1", "1.5", "1e3", "soon", "1_000", "9999999999"])
def test_a_time_that_is_none_is_400(client: httpx.Client, given: str) -> None:
    response = client.post("/classify", json=[1.0] * 64, headers={TIMEOUT: given})
    expected = f'the header {TIMEOUT} is "{given}"; expected milliseconds from 1 on'
    assert (response.status_code, response.json()) == (400, {"error": expected})
