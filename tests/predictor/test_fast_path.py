"""Inference that passes the web framework by: what it takes, and what it leaves to the application."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from access.doorkeeper import Doorkeeper
from bundle import Bundle
from predictor.data_plane import DataPlane
from predictor.http.fast_doors import FastDoors
from predictor.http.listener import HttpListener
from predictor.listening_socket import open_listening_socket
from predictor.model_sources import OneBundle
from predictor.served_models import ServedModels
from predictor.settings import PredictorSettings
from predictor.wiring import create_data_plane, create_metrics, create_repository
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer
from tests.predictor.server_process import DEADLINE_SECONDS, wait_for
from tests.predictor.test_about_doors import count
from tests.predictor.test_grpc_life import wait_until_it_infers

ROW = [1.0, 0.0, 0.0, 0.0]
BODY = orjson.dumps(infer_body([ROW]))
INFER = "/v2/models/contrary/infer"
LIMIT = 2048


async def not_mine(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that only says that it was asked, when it has read everything."""
    while (await receive()).get("more_body"):
        pass
    await Response(b"", 418)(scope, receive, send)


@pytest.fixture(scope="module", params=["quick", "threads"])
def plane(steady: Bundle, contrary: Bundle, request: pytest.FixtureRequest) -> DataPlane:
    settings = PredictorSettings(revision="r1", quick_seconds=1)
    metrics = create_metrics()
    bundle = steady if request.param == "quick" else contrary
    source = OneBundle(bundle.path, model=settings.model, revision=settings.revision)
    repository = create_repository(source, settings, metrics)
    assert not repository.start(is_everything=True).result(DEADLINE_SECONDS)
    return create_data_plane(repository, settings, metrics)


@pytest.fixture(scope="module")
def address(plane: DataPlane) -> Iterator[tuple[str, int]]:
    """A server whose application answers 418: what is answered otherwise has passed it by."""
    with open_listening_socket("127.0.0.1", 0) as listening:
        doors = FastDoors(plane, Doorkeeper(), body_limit_bytes=LIMIT, rows_of_run=64)
        listener = HttpListener(not_mine, listening, doors=doors, keep_alive_seconds=5, finish_seconds=5)
        thread = threading.Thread(target=lambda: asyncio.run(listener.run()))
        thread.start()
        yield listening.getsockname()
        listener.close()
        thread.join(DEADLINE_SECONDS)


def request(
    path: str = INFER, body: bytes = BODY, *, method: str = "POST", version: str = "1.1", headers: str = "", **more: str
) -> bytes:
    length = more.get("length", f"content-length: {len(body)}\r\n")
    return f"{method} {path} HTTP/{version}\r\nhost: x\r\n{length}{headers}\r\n".encode() + body


def converse(address: tuple[str, int], *parts: bytes, codes: int = 1) -> list[int]:
    """The codes of as many answers, or of fewer where the connection ends; the parts are sent one by one.

    Said often enough that what can be known of the requests is known; it never changes the codes.
    """
    said = [converse_once(address, *parts, codes=codes) for _ in range(3)]
    assert said == said[:1] * 3
    return said[0]


def converse_once(address: tuple[str, int], *parts: bytes, codes: int) -> list[int]:
    with socket.create_connection(address, timeout=DEADLINE_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
        answers = connection.makefile("rb")
        return [code for _ in range(codes) if (code := read_code(answers))]


def read_code(answers: Any) -> int | None:
    line = answers.readline()
    if not line:
        return None
    length = 0
    while (header := answers.readline().strip().lower()) != b"":
        if header.startswith(b"content-length:"):
            length = int(header.partition(b":")[2])
    answers.read(length)
    code = int(line.split()[1])
    return read_code(answers) if code == 100 else code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (request(), 200),
        (request("/v2/models/contrary/versions/1/infer"), 200),
        (request("/classify", b'{"row": [1, 0, 0, 0]}'), 200),
        (request("/classify", b"1,0,0,0\n", headers="Content-Type: text/csv\r\n"), 200),
        (request(headers="x-request-timeout-ms: 60000\r\nAccept-Encoding: gzip\r\n"), 200),
        (request(body=b""), 400),
        (request(body=b"{"), 400),
        (request(body=orjson.dumps(infer_body([[99.0, 0.0, 0.0, 0.0]]))), 500),
        (request(body=BODY.ljust(LIMIT)), 200),
    ],
)
def test_what_is_in_order_passes_the_application_by(address: tuple[str, int], content: bytes, code: int) -> None:
    assert converse(address, content) == [code]
    assert converse(address, *(content[place : place + 1] for place in range(len(content)))) == [code]


CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.mark.parametrize(
    "content",
    [
        request("/v2"),
        request(method="GET"),
        request(method="PUT"),
        request("/v2/models/other/infer"),
        request("/v2/models/contrary/versions/2/infer"),
        request("/v2/models/contr%61ry/infer"),
        request(INFER + "/"),
        request(INFER + "?a=b"),
        request("/classify?probabilities=true"),
        request("http://x/classify"),
        request(version="1.0"),
        request(headers="Expect: 100-continue\r\n"),
        request(headers="Connection: upgrade\r\nUpgrade: websocket\r\n"),
        request(headers="Content-Encoding: gzip\r\n"),
        request(headers="x-request-timeout-ms: soon\r\n"),
        request(body=CHUNKED, length="Transfer-Encoding: chunked\r\n"),
        request(body=b"", length=""),
        request(body=BODY.ljust(LIMIT + 1)),
    ],
)
def test_what_is_not_is_the_applications(address: tuple[str, int], content: bytes) -> None:
    assert converse(address, content) == [418]


def test_what_is_pipelined_is_answered_in_its_order(address: tuple[str, int]) -> None:
    other = request("/v2")
    assert converse(address, request() + request() + other + request(), codes=4) == [200, 418, 418, 418]
    assert converse(address, other + request() + other, codes=3) == [418, 418, 418]


def test_a_connection_goes_on_and_ends_as_the_client_wishes(address: tuple[str, int]) -> None:
    last = request(headers="Connection: close\r\n")
    assert converse(address, last, codes=2) == [200]
    with socket.create_connection(address, timeout=DEADLINE_SECONDS) as connection:
        answers = connection.makefile("rb")
        for content, code in ((request(), 200), (request("/v2"), 418), (request(body=b"{"), 400), (last, 200)):
            connection.sendall(content)
            assert read_code(answers) == code
        assert read_code(answers) is None


def test_before_there_is_a_model_everything_is_the_applications(
    address: tuple[str, int], plane: DataPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plane.serving, "models", ServedModels())
    assert converse(address, request()) == [418]


def test_who_goes_away_is_counted_and_costs_no_inference(
    contrary: Bundle, start_server: StartServer, fast_path: bool
) -> None:
    process = start_server(contrary.path, fast_path=fast_path, inference_threads=1).wait_until_ready()
    where = urlsplit(process.url)
    address = (str(where.hostname), where.port or 0)
    with process.client() as client:
        with socket.create_connection(address) as connection:
            connection.sendall(request()[:-1])
        assert wait_for(lambda: count(client, "assay_requests_total", code="499", model="contrary")) == 1
        with socket.create_connection(address) as slow, socket.create_connection(address) as waiting:
            slow.sendall(request("/classify", b"[1, 700000, 0, 0]"))
            wait_until_it_infers(process)
            waiting.sendall(request())
            wait_for(lambda: "assay_queue_depth 1.0" in client.get("/metrics").text)
            waiting.close()
            assert read_code(slow.makefile("rb")) == 200
        assert client.post(INFER, json=infer_body([ROW])).status_code == 200
        statistics = client.get("/v2/models/contrary/stats").json()["model_stats"][0]
        if fast_path:  # the application is not told that a client has gone
            assert statistics["execution_count"] == 2
            assert wait_for(lambda: count(client, "assay_requests_total", code="499", model="contrary") == 2)


def test_what_is_in_flight_when_a_signal_comes_is_finished(
    contrary: Bundle, start_server: StartServer, fast_path: bool
) -> None:
    process = start_server(contrary.path, fast_path=fast_path).wait_until_ready()
    where = urlsplit(process.url)
    with socket.create_connection((str(where.hostname), where.port or 0), timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(request("/classify", b"[2, 1000000, 0, 0]"))
        wait_until_it_infers(process)
        process.process.terminate()
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert process.process.wait(DEADLINE_SECONDS) == 0


def test_every_answer_names_who_gave_it(client: httpx.Client, digits: Bundle) -> None:
    for body, code in (([1.0] * 64, 200), ([1.0], 400)):
        response = client.post("/classify", json=body, headers={"x-request-id": "r-7"})
        assert response.status_code == code
        named = {name: value for name, value in response.headers.items() if name.startswith("x-")}
        assert named == {
            "x-request-id": "r-7",
            "x-assay-model": "digits",
            "x-assay-version": "1",
            "x-assay-revision": "canary-1",
            "x-assay-bundle-digest": digits.digest,
        }
