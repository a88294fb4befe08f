"""POST /forward and POST /api/v1/run/{model}: rows and pictures, asked of a real server."""

import base64
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from bundle import Bundle
from predictor.errors import RequestRefused
from predictor.http.form import read_form
from tests.predictor.bundles import BREAKING
from tests.predictor.conftest import StartServer
from tests.predictor.pictures import decode, digit_picture, encode, to_json
from tests.predictor.server_process import ServerProcess
from tests.predictor.test_about_doors import count
from tests.predictor.test_images import png_header
from tests.predictor.test_load_limits import ENDLESS, TIMEOUT, endless_requests

ROWS: list[list[float]] = load_digits().data[:4].tolist()
PICTURE = digit_picture(ROWS[3])
NAMES = ["zero", "one", "two", "three"]
BAD = "bad request"
NOT_PROCESSED = "модель не смогла обработать данные"
DOORS = ["/forward", "/api/v1/run/digits"]


def explained(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert body.keys() == {"error", "detail"}
    return response.status_code, body["error"], body["detail"]


def form(picture: bytes = PICTURE, **fields: str) -> dict[str, Any]:
    return {"files": {"image": ("digit.png", picture, "image/png")}, "data": fields}


@pytest.mark.parametrize("door", DOORS)
def test_a_picture_is_answered_and_comes_back_annotated(client: httpx.Client, digits: Bundle, door: str) -> None:
    answer = client.post(door, json=to_json(PICTURE), headers={"x-request-id": "r-1"}).json()
    assert (answer["label"], answer["index"]) == ("three", 3)
    assert (answer["model"], answer["bundle_digest"], answer["request_id"]) == ("digits", digits.digest, "r-1")
    shown = decode(answer["image"])
    assert shown.shape[1] == 512
    np.testing.assert_array_equal(shown[32:512:64, 32::64, 0], np.rint(np.reshape(ROWS[3], (8, 8)) * 255 / 16))
    assert shown[512:].max() > 200, "there is light writing below the picture"


@pytest.mark.parametrize("door", DOORS)
def test_a_form_with_a_file_is_answered_alike(client: httpx.Client, door: str) -> None:
    headers = {"x-request-id": "r-1"}
    assert (
        client.post(door, headers=headers, **form()).json()
        == client.post(door, headers=headers, json=to_json(PICTURE)).json()
    )


def test_a_picture_is_the_row_that_it_was_made_of(client: httpx.Client) -> None:
    samples = np.rint(np.array(ROWS[3]) * (255 / 16)) * (16 / 255)
    by_row = client.post("/classify", json=samples.tolist()).json()
    by_picture = client.post("/forward", json=to_json(PICTURE)).json()
    assert by_picture["probability"] == pytest.approx(by_row["probability"], rel=1e-5)


@pytest.mark.parametrize("door", DOORS)
def test_rows_are_answered_with_their_best_classes(client: httpx.Client, door: str) -> None:
    answer = client.post(door, json={"rows": ROWS}).json()
    assert [prediction["label"] for prediction in answer["predictions"]] == NAMES
    assert "image" not in answer
    every = client.post("/classify?probabilities=true", json={"rows": ROWS}).json()["predictions"]
    for prediction, known in zip(answer["predictions"], every, strict=True):
        ranked = sorted(known["probabilities"].items(), key=lambda part: -part[1])[:3]
        assert [(part["label"], part["probability"]) for part in prediction["top"]] == ranked
        assert prediction["top"][0] == {name: prediction[name] for name in ("label", "index", "probability")}


def test_the_number_of_best_classes_is_a_header_or_a_field_of_the_form(client: httpx.Client) -> None:
    header = {"X-Top-K": "1"}
    assert len(client.post("/forward", json={"row": ROWS[0]}).json()["top"]) == 3
    assert len(client.post("/forward", json={"row": ROWS[0]}, headers=header).json()["top"]) == 1
    assert len(client.post("/forward", headers=header, **form()).json()["top"]) == 1
    assert len(client.post("/forward", headers=header, **form(top_k="5")).json()["top"]) == 5
    assert len(client.post("/forward", json={"row": ROWS[0]}, headers={"X-Top-K": "99"}).json()["top"]) == 10


TRUNCATED = PICTURE[:60]
GIF = encode([[1, 2]], "GIF")


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        ({"content": b"{"}, "the body is not JSON: "),
        ({"content": b""}, "the body is empty; expected JSON"),
        ({"json": {}}, "the body's fields are none; expected "),
        ({"json": {"picture": "x"}}, 'the body\'s fields are "picture"; expected '),
        ({"json": {"image": 3}}, "image is the number 3; expected the base64 of a PNG or JPEG"),
        ({"json": {"image": "?"}}, "image is no base64: "),
        ({"json": {"image": "ж"}}, "image is no base64: "),
        ({"json": {**to_json(PICTURE), "row": []}}, 'the body\'s fields are "image", "row"; expected "image" alone'),
        ({"json": {"row": ROWS[0][1:]}}, "row has 63 elements; expected 64"),
        ({"json": {"row": ["x"] * 64}}, 'row[0] is the string "x"; expected a number for FP32'),
        ({"json": {"row": ROWS[0]}, "headers": {"X-Top-K": "0"}}, "the number of best classes (X-Top-K, top_k) is "),
        ({"json": {"row": ROWS[0]}, "headers": {TIMEOUT: "soon"}}, f'the header {TIMEOUT} is "soon"; expected '),
        ({"json": {"row": ROWS[0]}, "headers": {"content-encoding": "br"}}, 'the content-encoding is "br"; expected '),
        (form(top_k="many"), 'the number of best classes (X-Top-K, top_k) is "many"; expected 1 or more'),
        (form(other="1"), 'the form has "other"; expected the file image, and top_k at most'),
        ({"files": {"picture": PICTURE}}, 'the form has "picture"; expected the file image'),
        ({"files": {"x": (None, "")}}, 'the form has "x"; expected the file image'),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
            "the body is no form: No boundary given; expected multipart/form-data with its boundary",
        ),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            "the body is no form: ",
        ),
        (
            {"content": b"--b\r\nContent-Di", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            "the form has no end; expected the boundary and -- after its last part",
        ),
    ],
)
def test_a_malformed_request_is_a_bad_request(client: httpx.Client, sent: dict[str, Any], detail: str) -> None:
    code, error, said = explained(client.post("/forward", **sent))
    assert (code, error) == (400, BAD)
    assert said.startswith(detail)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("picture", "detail"),
    [
        (b"", "0 bytes are no picture; expected PNG or JPEG"),
        (b"no picture", "10 bytes are no picture; expected PNG or JPEG"),
        (GIF, f"{len(GIF)} bytes are no picture; expected PNG or JPEG"),
        (TRUNCATED, "the picture is damaged: "),
    ],
    ids=["nothing", "text", "gif", "truncated"],
)
def test_a_picture_that_cannot_be_read_is_not_processed(
    client: httpx.Client, picture: bytes, detail: str, door: str
) -> None:
    for sent in ({"json": to_json(picture)}, form(picture)):
        code, error, said = explained(client.post(door, **sent))
        assert (code, error) == (403, NOT_PROCESSED)
        assert said.startswith(detail)


def test_values_to_which_the_model_has_no_answer_are_not_processed(client: httpx.Client) -> None:
    code, error, detail = explained(client.post("/forward", json={"row": [3e38] * 64}))
    assert (code, error) == (403, NOT_PROCESSED)
    assert detail.startswith("the model has no answer to row 0: its probabilities are not finite")
    assert client.post("/classify", json={"row": [3e38] * 64}).status_code == 400


def test_a_model_that_fails_has_not_processed_the_data_and_the_log_says_why(
    contrary: Bundle, start_server: StartServer
) -> None:
    process = start_server(contrary.path).wait_until_ready()
    with process.client() as client:
        response = client.post("/forward", json={"row": [0, 0, BREAKING, 0]}, headers={"x-request-id": "r-2"})
        code, error, detail = explained(response)
        assert (code, error) == (403, NOT_PROCESSED)
        assert detail == "the model failed: the server's log says more under this request id"
        assert client.post("/forward", json={"row": [0, 0, 0, 0]}).status_code == 200
        assert explained(client.post("/forward", json=to_json(PICTURE)))[::2] == (
            400,
            "the model takes no pictures: its manifest does not say how; expected rows",
        )
    (line,) = [line for line in process.log_lines() if line["level"] == "error"]
    assert line["request_id"] == "r-2"
    assert "InferenceFailed" in line["traceback"]


@pytest.fixture(scope="module")
def limited(digits: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    log = tmp_path_factory.mktemp("limited") / "log"
    limits = {"body_limit_bytes": 2000, "pixel_limit": 100, "row_limit": 2}
    with ServerProcess(digits.path, log, **limits) as process, process.wait_until_ready().client() as client:
        yield client


def test_limits_keep_their_own_codes_and_words(limited: httpx.Client) -> None:
    for sent in ({"json": to_json(png_header(11, 10))}, form(png_header(11, 10))):
        response = limited.post("/forward", **sent)
        text = "the picture has 11 x 10 pixels; expected at most 100"
        assert (response.status_code, response.json()) == (413, {"error": text})
    response = limited.post("/forward", json=to_json(bytes(2000)))
    assert (response.status_code, response.json()) == (
        413,
        {"error": "the body is too large; expected at most 2000 bytes"},
    )
    assert explained(limited.post("/forward", json={"rows": [[0] * 64] * 3})) == (
        400,
        BAD,
        'the input "features" has 3 rows; expected 1 to 2',
    )


def test_an_unknown_model_is_404(client: httpx.Client) -> None:
    response = client.post("/api/v1/run/other", json={"row": ROWS[0]})
    assert (response.status_code, response.json()) == (
        404,
        {"error": 'no model "other" is served here; expected digits'},
    )


def test_overload_and_deadline_keep_their_own_codes(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, inference_threads=1, queue_limit=2).wait_until_ready()
    with process.client() as client, endless_requests(process, client, 2):
        response = client.post("/forward", json=ENDLESS)
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    process = start_server(contrary.path).wait_until_ready()
    with process.client() as client:
        assert client.post("/forward", json=ENDLESS, headers={TIMEOUT: "100"}).status_code == 504


def test_a_picture_is_counted_like_any_other_request(digits: Bundle, start_server: StartServer) -> None:
    with start_server(digits.path).wait_until_ready().client() as client:
        client.post("/forward", json=to_json(PICTURE))
        client.post("/forward", json=to_json(b""))
        client.post("/api/v1/run/digits", json={"row": ROWS[3]})
        assert count(client, "assay_predictions_total", label="three") == 2
        assert count(client, "assay_requests_total", route="/forward", code="200") == 1
        assert count(client, "assay_requests_total", route="/forward", code="403") == 1
        assert count(client, "assay_requests_total", route="/api/v1/run/{model}", code="200") == 1


def test_a_client_that_vanishes_in_mid_form_is_forgotten(server: ServerProcess, client: httpx.Client) -> None:
    address = urlsplit(server.url)
    head = (
        b"POST /forward HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 99\r\n"
    )
    with socket.create_connection((str(address.hostname), address.port or 0)) as connection:
        connection.sendall(head + b"\r\n--b\r\n")
    assert client.post("/forward", json={"row": ROWS[0]}).status_code == 200


def test_a_part_may_be_base64(client: httpx.Client) -> None:
    part = b"--b\r\nContent-Disposition: form-data; name=image; filename=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = part + base64.b64encode(PICTURE) + b"\r\n--b--\r\n"
    answer = client.post("/forward", content=body, headers={"content-type": "multipart/form-data; boundary=b"}).json()
    assert answer["label"] == "three"


@given(st.dictionaries(st.text("abc_", min_size=1), st.binary(), max_size=16))
def test_what_is_in_a_form_is_read_from_it(parts: dict[str, bytes]) -> None:
    request = httpx.Request("POST", "http://x", files={name: ("f", content) for name, content in parts.items()} or None)
    if parts:
        assert read_form(request.read(), request.headers["content-type"]) == parts


FORM_PARTS = [
    *(b"--b", b"--b\r\n", b"--b--", b"\r\n", b"\r\n\r\n", b"\n", b": ", b"="),
    *(b"Content-Disposition: form-data; name=x", b"; filename=y"),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x\r\n"),
]


@given(
    st.lists(st.binary(max_size=20) | st.sampled_from(FORM_PARTS), max_size=12).map(b"".join),
    st.sampled_from(["b", "", '"b"', "é", "b" * 300]),
)
@settings(max_examples=400)
def test_any_bytes_are_a_form_or_refused(body: bytes, boundary: str) -> None:
    with suppress(RequestRefused):
        assert len(read_form(body, f"multipart/form-data; boundary={boundary}")) <= 16
