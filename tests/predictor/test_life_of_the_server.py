import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import orjson
import psutil
import pytest

from bundle import Bundle
from tests.predictor.bundles import infer_body, write_contrary_bundle, write_digits_bundle
from tests.predictor.conftest import StartServer
from tests.predictor.server_process import DEADLINE_SECONDS, ServerProcess, find_free_port, wait_for

ROW = [1.0, 0.0, 0.0, 0.0]
SIGNALS = [signal.SIGTERM, signal.SIGINT]


@contextmanager
def request_in_flight(server: ServerProcess, body: bytes) -> Iterator[socket.socket]:
    """A request whose headers the server has read, for it asks for the body, of which nothing is sent yet."""
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=DEADLINE_SECONDS) as connection:
        head = f"POST /classify HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\nexpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        yield connection


def is_closed(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((str(address.hostname), address.port or 0), timeout=1).close()
    except OSError:
        return True
    return False


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def run_to_its_end(server: ServerProcess) -> tuple[int, str]:
    code = server.process.wait(DEADLINE_SECONDS)
    return code, server.log.read_text()


@pytest.fixture(scope="module")
def slow_to_load(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_contrary_bundle(tmp_path_factory.mktemp("bundles"), turns_for_one=100_000)


def test_a_server_is_live_but_not_ready_while_its_model_warms_up(
    slow_to_load: Bundle, start_server: StartServer
) -> None:
    port = find_free_port()
    process = start_server(slow_to_load.path, http_port=port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:

        def answers() -> bool:
            try:
                return client.get("/v2/health/live").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers, process.is_running)
        response = client.get("/v2/health/ready")
        not_ready = {"error": "no model is loaded and warmed up yet; ask again soon"}
        assert (response.status_code, response.json()) == (503, not_ready)
        paths = ["/v2/models/contrary/ready", "/v2/models/contrary", "/metadata", "/example"]
        for response in [client.get(path) for path in paths] + [client.post("/classify", json=ROW)]:
            assert response.status_code == 503
            assert response.json()["error"].endswith(" is loaded and warmed up yet; ask again soon")
        assert client.get("/v2").status_code == 200
        wait_for(lambda: client.get("/v2/health/ready").status_code == 200, process.is_running)
        assert client.post("/classify", json=ROW).json()["label"] == "b"


def test_a_signal_while_the_model_warms_up_ends_the_process(slow_to_load: Bundle, start_server: StartServer) -> None:
    port = find_free_port()
    process = start_server(slow_to_load.path, http_port=port, drain_seconds=600)
    wait_for(lambda: not is_closed(f"http://127.0.0.1:{port}"), process.is_running)
    assert process.stop() == 0


def test_it_says_one_thing_on_standard_error_and_nothing_on_standard_output(
    digits: Bundle, start_server: StartServer
) -> None:
    process = start_server(digits.path).wait_until_ready()
    with process.client() as client:
        assert client.get("/v2").status_code == 200
        assert client.get("/nothing").status_code == 404
    process.process.terminate()
    output, _ = process.process.communicate(timeout=DEADLINE_SECONDS)
    assert output == b""
    (line,) = process.log.read_text().splitlines()
    said = orjson.loads(line)
    assert said["message"] == f"listening on {process.url}"
    assert (said["model"], said["version"], said["bundle_digest"]) == ("digits", "1", digits.digest)


@pytest.mark.slow
def test_health_is_answered_while_every_thread_is_busy(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, inference_threads=2).wait_until_ready()
    body = {"row": [1.0, 500_000.0, 0.0, 0.0]}
    with process.client() as client, ThreadPoolExecutor() as threads:
        busy = [threads.submit(client.post, "/classify", json=body) for _ in range(4)]
        answered = 0
        while not any(request.done() for request in busy):
            assert client.get("/v2/health/ready").status_code == 200
            answered += 1
        assert [request.result().status_code for request in busy] == [200] * 4
    assert answered > 3


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_makes_it_not_ready_at_once_while_it_goes_on_answering(
    contrary: Bundle, start_server: StartServer, number: signal.Signals
) -> None:
    process = start_server(contrary.path, drain_seconds=600).wait_until_ready()
    with process.client() as client:
        assert "connection" not in client.get("/v2/health/ready").headers
        process.process.send_signal(number)
        wait_for(lambda: client.get("/v2/health/ready").status_code == 503)
        draining = {"error": "the server is draining; another one takes new requests"}
        for path in ("/v2/health/ready", "/v2/models/contrary/ready"):
            assert client.get(path).json() == draining
        assert client.get("/v2/health/live").status_code == 200
        response = client.post("/v2/models/contrary/infer", json=infer_body([ROW]))
        assert response.status_code == 200
        assert response.headers["connection"] == "close"
        assert process.is_running()
    assert process.stop(number) == 0, "a second signal cuts the waiting short"


@pytest.mark.parametrize("number", SIGNALS)
def test_what_is_in_flight_is_finished_after_the_listener_has_closed(
    contrary: Bundle, start_server: StartServer, number: signal.Signals
) -> None:
    process = start_server(contrary.path, drain_seconds=0.2).wait_until_ready()
    body = orjson.dumps({"row": [2.0, 200_000.0, 0.0, 0.0]})
    with request_in_flight(process, body) as connection:
        process.process.send_signal(number)
        wait_for(lambda: is_closed(process.url))
        connection.sendall(body)
        head, _, answer = read_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert orjson.loads(answer)["label"] == "c"
    assert run_to_its_end(process)[0] == 0


def test_an_idle_connection_does_not_keep_it(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, finish_seconds=600).wait_until_ready()
    with process.client() as client:
        assert client.get("/v2").status_code == 200
        assert process.stop() == 0


def test_a_request_that_never_ends_is_given_up_when_its_time_is_over(
    contrary: Bundle, start_server: StartServer
) -> None:
    process = start_server(contrary.path, finish_seconds=1).wait_until_ready()
    with request_in_flight(process, b"[]"):
        assert process.stop() == 0


def test_a_third_signal_gives_up_what_is_in_flight(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, drain_seconds=600, finish_seconds=600).wait_until_ready()
    with request_in_flight(process, b"[]"), process.client() as client:
        process.process.send_signal(signal.SIGTERM)
        wait_for(lambda: client.get("/v2/health/ready").status_code == 503)
        process.process.send_signal(signal.SIGTERM)
        wait_for(lambda: is_closed(process.url))
        assert process.stop() == 0


def test_a_port_in_use_is_named_with_its_owner(
    contrary: Bundle, server: ServerProcess, start_server: StartServer
) -> None:
    port = urlsplit(server.url).port
    owner = psutil.Process(server.process.pid).name()
    code, said = run_to_its_end(start_server(contrary.path, http_port=port))
    assert code == 1
    assert said == f"port {port} is in use (pid {server.process.pid}, {owner}); choose another with --http-port\n"


def test_an_address_of_another_machine_is_named(contrary: Bundle, start_server: StartServer) -> None:
    code, said = run_to_its_end(start_server(contrary.path, host="203.0.113.1", http_port=8000, without_keys=True))
    assert code == 1
    assert said.startswith("port 8000 of 203.0.113.1 cannot be taken: Cannot assign requested address; ")


def test_a_changed_byte_in_the_bundle_is_an_error_that_names_the_file(
    contrary: Bundle, tmp_path: Path, start_server: StartServer
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(contrary.path, copy)
    model = copy / "model.onnx"
    content = bytearray(model.read_bytes())
    content[50] ^= 1
    model.chmod(0o644)
    model.write_bytes(content)
    code, said = run_to_its_end(start_server(copy))
    assert code == 1
    assert said.startswith(f"{model} was changed: expected sha256:")


def test_a_missing_bundle_is_an_error_that_says_what_was_expected(tmp_path: Path, start_server: StartServer) -> None:
    code, said = run_to_its_end(start_server(tmp_path / "none"))
    assert code == 1
    assert said == f"{tmp_path / 'none'}: no such bundle; expected a directory with model.onnx and manifest.json\n"


def test_a_card_that_cannot_be_read_stops_the_start(tmp_path: Path, start_server: StartServer) -> None:
    bundle = write_digits_bundle(tmp_path / "bundles", properties={"classes": "{}"})
    code, said = run_to_its_end(start_server(bundle.path))
    assert (code, said) == (1, "the model's property classes is no JSON list\n")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ASSAY_HTP_PORT", "1", "ASSAY_HTP_PORT is no setting of a predictor; the nearest one is ASSAY_HTTP_PORT\n"),
        ("ASSAY_HTTP_PORT", "x", "ASSAY_HTTP_PORT=x: Input should be a valid integer, "),
        ("ASSAY_HTTP_PORT", "65536", "ASSAY_HTTP_PORT=65536: Input should be less than or equal to 65535\n"),
        ("ASSAY_REVISION", "a b", "ASSAY_REVISION=a b: String should match pattern "),
    ],
)
def test_a_wrong_setting_is_named(contrary: Bundle, name: str, value: str, message: str) -> None:
    command = [sys.executable, "-m", "predictor", str(contrary.path)]
    ended = subprocess.run(
        command, env={name: value}, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(message)
    assert ended.stderr.count("\n") == 1
