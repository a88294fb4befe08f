"""The error table of the serving page, row by row, as a client sees it."""

import http.client
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from bundle import Bundle
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer
from tests.predictor.server_process import ServerProcess, wait_for

ROW = [float(column % 17) for column in range(64)]
INFER = "/v2/models/digits/infer"
LIMIT = 100_000


def with_input(**fields: Any) -> dict[str, Any]:
    body = infer_body([ROW])
    body["inputs"][0] |= fields
    return body


def without_input(name: str) -> dict[str, Any]:
    body = infer_body([ROW])
    del body["inputs"][0][name]
    return body


TAKES = "features FP32 [-1, 64]"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", None),
        ("", "the body is empty; expected JSON"),
        ([], "the request is a list of 0; expected a JSON object"),
        ({}, 'the request has no "inputs"; expected a list of objects'),
        ({"inputs": []}, f'the input "features" is missing; expected {TAKES}'),
        (without_input("shape"), 'input "features" has no "shape"; expected a list of sizes'),
        (without_input("data"), 'input "features" has no "data"; expected the tensor\'s elements'),
        (with_input(name="x"), f'unknown input "x"; expected {TAKES}'),
        (with_input(datatype="FP64"), 'the input "features" is FP64; expected FP32'),
        (with_input(shape=[64], data=ROW), 'the input "features" has the shape [64]; expected [-1, 64]'),
        (
            with_input(shape=[1, 63], data=ROW[:63]),
            'the input "features" has the shape [1, 63]; expected [-1, 64]',
        ),
        (
            with_input(shape=[2, 64]),
            'input "features": data has 1 elements; expected a list of 2 for the shape [2, 64]',
        ),
        (with_input(shape=[0, 64], data=[]), 'the input "features" has 0 rows; expected 1 to 16384'),
        (
            with_input(data=[*ROW[:63], "1"]),
            'input "features": data[63] is the string "1"; expected a number for FP32',
        ),
        (
            with_input(data=[*ROW[:63], "NaN"]),
            'the input "features" has nan in row 0, column 63; expected a finite number',
        ),
        (
            {"inputs": [*infer_body([ROW])["inputs"], *infer_body([ROW])["inputs"]]},
            'the input "features" is given twice; expected it once',
        ),
        (infer_body([ROW], outputs=[{"name": "x"}]), 'unknown output "x"; expected one of label, probabilities'),
        (infer_body([ROW], id=7), "the request: id is the number 7; expected a string"),
        (
            infer_body([[3e38] * 64]),
            "the model has no answer to row 0: its probabilities are not finite; "
            "expected values of the order that it was trained on",
        ),
    ],
)
def test_a_request_that_the_model_does_not_take_is_400(client: httpx.Client, body: Any, message: str | None) -> None:
    content = body if isinstance(body, str) else orjson.dumps(body)
    response = client.post(INFER, content=content)
    assert response.status_code == 400
    if message is None:
        assert response.json()["error"].startswith("the body is not JSON: ")
    else:
        assert response.json() == {"error": message}


def test_more_rows_than_the_limit_are_400(digits: Bundle, start_server: StartServer, fast_path: bool) -> None:
    with start_server(digits.path, row_limit=3, fast_path=fast_path).wait_until_ready().client() as client:
        assert client.post(INFER, json=infer_body([ROW] * 3)).status_code == 200
        response = client.post(INFER, json=infer_body([ROW] * 4))
    assert (response.status_code, response.json()) == (
        400,
        {"error": 'the input "features" has 4 rows; expected 1 to 3'},
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v2/models/other/infer", 'no model "other" is served here; expected digits'),
        ("/v2/models/digits/versions/2/infer", 'digits has no version "2" here; expected 1'),
        ("/v2/models/digits/versions/01/infer", 'digits has no version "01" here; expected 1'),
    ],
)
def test_an_unknown_model_or_version_is_404(client: httpx.Client, path: str, message: str) -> None:
    response = client.post(path, json=infer_body([ROW]))
    assert (response.status_code, response.json()) == (404, {"error": message})
    assert client.get("/v2/models/digits", params={"version": "2"}).status_code == 200, "a version stands in the path"
    for suffix in ("", "/ready"):
        assert client.get(path.removesuffix("/infer") + suffix).status_code == 404


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/", "/v2/models", "/classify/", "/static-offline-docs/no.js", "/%ff"])
def test_an_unknown_path_is_404(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"].endswith("; the paths are listed at /docs")


def test_a_wrong_method_is_405_and_names_the_right_one(client: httpx.Client) -> None:
    response = client.get(INFER)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.json() == {"error": f'"{INFER}" does not take GET; expected POST'}


@pytest.fixture(scope="module")
def limited(digits: Bundle, fast_path: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log = tmp_path_factory.mktemp("limited") / "log"
    with ServerProcess(digits.path, log, body_limit_bytes=LIMIT, fast_path=fast_path) as process:
        yield process.wait_until_ready()


@pytest.mark.parametrize("path", [INFER, "/classify"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_over_the_limit_is_413_and_the_connection_goes_on(
    limited: ServerProcess, path: str, is_chunked: bool
) -> None:
    body = b" " * (LIMIT + 1)
    address = urlsplit(limited.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    try:
        chunks = (body[start : start + 4096] for start in range(0, len(body), 4096))
        connection.request("POST", path, body=chunks if is_chunked else body, encode_chunked=is_chunked)
        response = connection.getresponse()
        assert response.status == 413
        assert orjson.loads(response.read()) == {"error": f"the body is too large; expected at most {LIMIT} bytes"}
        used = connection.sock
        connection.request("POST", path, body=body[1:])
        response = connection.getresponse()
        assert (response.status, orjson.loads(response.read())) == (400, {"error": "the body is empty; expected JSON"})
        assert connection.sock is used
    finally:
        connection.close()


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(limited: ServerProcess) -> None:
    head = f"POST /classify HTTP/1.1\r\nhost: x\r\ncontent-length: {10 * LIMIT}\r\nexpect: 100-continue\r\n\r\n"
    assert ask_raw(limited, head.encode()).startswith(b"HTTP/1.1 413 ")


def test_a_connection_goes_on_after_an_error(server: ServerProcess) -> None:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    try:
        used = None
        for body, code in ((b"{", 400), (orjson.dumps(infer_body([ROW])), 200), (b"", 400)):
            connection.request("POST", INFER, body=body)
            response = connection.getresponse()
            response.read()
            assert response.status == code
            assert connection.sock is (used or connection.sock)
            used = connection.sock
    finally:
        connection.close()


def test_what_is_no_http_is_400_in_the_same_shape(server: ServerProcess) -> None:
    answer = ask_raw(server, b"HELLO\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert orjson.loads(body) == {"error": "Invalid HTTP request received. Expected HTTP/1.1"}


def test_a_client_that_goes_away_is_forgotten(server: ServerProcess, client: httpx.Client) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), address.port or 0)) as connection:
        connection.sendall(b"POST /classify HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n[1,")
    gone = 'code="499"'
    wait_for(lambda: gone in client.get("/metrics").text)
    assert client.get("/v2/health/ready").status_code == 200
    assert not [line for line in server.log_lines() if line["level"] == "error"]


@pytest.mark.parametrize("path", ["/v2/models/contrary/infer", "/classify"])
@pytest.mark.parametrize("label", [99, -1])
def test_a_model_that_breaks_its_word_is_500_and_only_the_log_says_why(
    contrary: Bundle, start_server: StartServer, fast_path: bool, path: str, label: int
) -> None:
    process = start_server(contrary.path, fast_path=fast_path).wait_until_ready()
    rows = [[float(label), 0.0, 0.0, 0.0]]
    with process.client() as client:
        body = {"rows": rows} if path == "/classify" else infer_body(rows)
        response = client.post(path, json=body, headers={"x-request-id": "r-500"})
        assert response.status_code == 500
        assert response.json() == {"error": "internal error: the server's log says more under this request id"}
        assert response.headers["x-request-id"] == "r-500"
        assert client.post(path, json=infer_body([[1.0] * 4]) if "v2" in path else [1.0] * 4).status_code == 200
    failures = [line for line in process.log_lines() if line["level"] == "error"]
    assert len(failures) == 1
    assert failures[0]["request_id"] == "r-500"
    assert (failures[0]["route"], failures[0]["code"]) == (path.replace("contrary", "{model}"), 500)
    assert "class index outside of 0..3" in failures[0]["traceback"]


def ask_raw(server: ServerProcess, content: bytes) -> bytes:
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=30) as connection:
        connection.sendall(content)
        return connection.recv(65536)
