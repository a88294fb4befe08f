"""Binary tensor data, classification, configuration, statistics and the repository's index, over REST."""

import gzip
import zlib
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from bundle import Bundle
from open_inference import InferRequest, InferResponse, RequestedOutput, Tensor
from open_inference.binary_body import JSON_SIZE_HEADER
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer

ROWS = np.arange(192, dtype=np.float32).reshape(3, 64) % 17
INFER = "/v2/models/digits/infer"
FEATURES = Tensor.of("features", ROWS)
LIMIT = 100_000


def ask(client: httpx.Client, request: InferRequest, **headers: str) -> httpx.Response:
    content, json_size = request.to_binary()
    return client.post(INFER, content=content, headers={JSON_SIZE_HEADER: str(json_size), **headers})


def read(response: httpx.Response) -> InferResponse:
    assert response.status_code == 200, response.text
    size = response.headers.get(JSON_SIZE_HEADER)
    return InferResponse.from_json(response.content, int(size) if size else None)


@pytest.fixture(scope="module")
def expected(client: httpx.Client) -> InferResponse:
    return read(client.post(INFER, content=InferRequest((FEATURES,)).to_json()))


def test_binary_inputs_have_the_answer_of_json_ones(client: httpx.Client, expected: InferResponse) -> None:
    response = ask(client, InferRequest((FEATURES,)))
    assert JSON_SIZE_HEADER not in response.headers
    assert response.headers["content-type"] == "application/json"
    np.testing.assert_array_equal(read(response).output("probabilities").data, expected.output("probabilities").data)


@pytest.mark.parametrize(
    ("request_", "binary"),
    [
        (InferRequest((FEATURES,), parameters={"binary_data_output": True}), ["label", "probabilities"]),
        (InferRequest((FEATURES,), (RequestedOutput("probabilities", {"binary_data": True}),)), ["probabilities"]),
        (
            InferRequest(
                (FEATURES,), (RequestedOutput("label"), RequestedOutput("probabilities", {"binary_data": True}))
            ),
            ["probabilities"],
        ),
    ],
)
def test_outputs_are_binary_when_they_are_asked_for_so(
    client: httpx.Client, expected: InferResponse, request_: InferRequest, binary: list[str]
) -> None:
    response = client.post(INFER, content=request_.to_json())
    assert response.headers["content-type"] == "application/octet-stream"
    head = orjson.loads(response.content[: int(response.headers[JSON_SIZE_HEADER])])
    sizes = {output["name"]: output.get("parameters", {}).get("binary_data_size") for output in head["outputs"]}
    assert [name for name, size in sizes.items() if size] == binary
    for output in read(response).outputs:
        np.testing.assert_array_equal(output.data, expected.output(output.name).data)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("x", 'the header Inference-Header-Content-Length is "x"; expected the size of the body\'s JSON'),
        ("9999", "expected at least the 9999 that Inference-Header-Content-Length says"),
        ("1", "the body is not JSON: "),
    ],
)
def test_a_wrong_header_of_binary_data_is_400(client: httpx.Client, size: str, message: str) -> None:
    content, _ = InferRequest((FEATURES,)).to_binary()
    response = client.post(INFER, content=content, headers={JSON_SIZE_HEADER: size})
    assert response.status_code == 400
    assert message in response.json()["error"]


@pytest.mark.parametrize("datatype", ["FP64", "FP16", "BF16", "BYTES"])
def test_another_datatype_is_refused_by_name_in_binary_too(client: httpx.Client, datatype: str) -> None:
    if datatype == "BYTES":
        data = np.full(ROWS.shape, b"1", dtype=np.object_)
    else:
        data = ROWS.astype({"FP64": np.float64, "FP16": np.float16, "BF16": np.float32}[datatype])
    response = ask(client, InferRequest((Tensor("features", datatype, ROWS.shape, data),)))
    assert (response.status_code, response.json()) == (
        400,
        {"error": f'the input "features" is {datatype}; expected FP32'},
    )


def test_a_nan_in_binary_is_found(client: httpx.Client) -> None:
    rows = ROWS.copy()
    rows[1, 5] = np.nan
    response = ask(client, InferRequest((Tensor.of("features", rows),)))
    assert response.json() == {"error": 'the input "features" has nan in row 1, column 5; expected a finite number'}


@pytest.mark.parametrize("is_binary", [False, True])
def test_the_best_classes_are_named_with_value_and_index(
    client: httpx.Client, digits: Bundle, expected: InferResponse, is_binary: bool
) -> None:
    asked = RequestedOutput("probabilities", {"classification": 2, "binary_data": is_binary})
    output = read(ask(client, InferRequest((FEATURES,), (asked,)))).output("probabilities")
    assert (output.datatype, output.shape) == ("BYTES", (3, 2))
    probabilities = expected.output("probabilities").data
    for row, words in enumerate(output.data):
        value, index, name = words[0].decode().split(":")
        assert np.float32(value) == probabilities[row].max()
        assert int(index) == probabilities[row].argmax()
        assert name == digits.manifest.classes[int(index)]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (
            [{"name": "label", "parameters": {"classification": 1}}],
            'the output "label" has no numbers by class; expected classification of probabilities alone',
        ),
        (
            [{"name": "probabilities", "parameters": {"classification": 0}}],
            'the output "probabilities": classification is the number 0; expected a number of classes, 1 or more',
        ),
        (
            [{"name": "probabilities", "parameters": {"binary_data": 1}}],
            'output "probabilities": binary_data is the number 1; expected true or false',
        ),
        ([{"name": "label"}, {"name": "label"}], 'the output "label" is asked for twice; expected it once'),
    ],
)
def test_a_wish_that_cannot_be_met_is_400(client: httpx.Client, outputs: Any, message: str) -> None:
    response = client.post(INFER, json=infer_body(ROWS.tolist(), outputs=outputs))
    assert (response.status_code, response.json()) == (400, {"error": message})


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_a_model_says_how_it_is_configured(client: httpx.Client, version: str) -> None:
    assert client.get(f"/v2/models/digits{version}/config").json() == {
        "name": "digits",
        "platform": "onnx_onnxv1",
        "backend": "onnxruntime",
        "max_batch_size": 16384,
        "input": [{"name": "features", "data_type": "TYPE_FP32", "dims": [64]}],
        "output": [
            {"name": "label", "data_type": "TYPE_INT64", "dims": []},
            {"name": "probabilities", "data_type": "TYPE_FP32", "dims": [10]},
        ],
    }


def test_statistics_count_answers_rows_and_failures(digits: Bundle, start_server: StartServer) -> None:
    with start_server(digits.path).wait_until_ready().client() as client:
        assert client.get("/v2/models/digits/stats").json()["model_stats"][0]["last_inference"] == 0
        client.post(INFER, json=infer_body(ROWS.tolist()))
        client.post("/classify", json=ROWS.tolist())
        client.post(INFER, content=b"{")
        answers = [client.get(f"/v2/models{path}/stats").json() for path in ("", "/digits", "/digits/versions/1")]
    assert answers[0] == answers[1] == answers[2]
    (model,) = answers[0]["model_stats"]
    assert (model["name"], model["version"]) == ("digits", "1")
    assert (model["execution_count"], model["inference_count"]) == (2, 6)
    assert model["last_inference"] > 1_700_000_000_000
    spent = model["inference_stats"]
    assert (spent["success"]["count"], spent["fail"]["count"]) == (2, 1)
    parts = ("queue", "compute_input", "compute_infer", "compute_output")
    assert spent["success"]["ns"] == sum(spent[part]["ns"] for part in parts) > 0


@pytest.mark.parametrize("body", [b"", b"{}", b'{"ready": true}', b'{"ready": false, "name": "x"}'])
def test_the_index_has_the_model(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v2/repository/index", content=body).json()
    assert answer == [{"name": "digits", "version": "1", "state": "READY", "reason": ""}]


def test_an_index_is_asked_for_with_a_boolean(client: httpx.Client) -> None:
    response = client.post("/v2/repository/index", json={"ready": 1})
    assert response.json() == {"error": "the request: ready is the number 1; expected true or false"}


@pytest.mark.parametrize(
    "path",
    [
        "/v2/repository/models/digits/load",
        "/v2/repository/models/digits/unload",
        "/api/v1/load?name=digits",
        "/api/v1/unload?name=digits",
        "/api/v1/register?name=digits",
    ],
)
def test_changes_of_the_repository_are_refused_unless_they_are_switched_on(client: httpx.Client, path: str) -> None:
    response = client.post(path)
    refused = {"error": "this server does not change its models; expected the setting ASSAY_MODEL_CONTROL=true"}
    assert (response.status_code, response.json()) == (403, refused)
    assert client.get("/v2/models/digits/ready").status_code == 200


@pytest.mark.parametrize("suffix", ["/config", "/stats"])
def test_an_unknown_model_or_version_has_neither_configuration_nor_statistics(
    client: httpx.Client, suffix: str
) -> None:
    for name in ("other", "digits/versions/2"):
        assert client.get(f"/v2/models/{name}{suffix}").status_code == 404


MANY = InferRequest((Tensor.of("features", np.tile(ROWS, (50, 1))),), id="1")


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("GZIP", gzip.compress)]
)
def test_a_compressed_request_is_read(client: httpx.Client, coding: str, pack: Any) -> None:
    content = pack(MANY.to_json())
    response = client.post(INFER, content=content, headers={"content-encoding": coding})
    assert response.content == client.post(INFER, content=MANY.to_json()).content
    binary, size = MANY.to_binary()
    headers = {"content-encoding": coding, JSON_SIZE_HEADER: str(size)}
    assert client.post(INFER, content=pack(binary), headers=headers).content == response.content


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("deflate", "deflate"), ("br, deflate;q=0.5, gzip;q=0", "deflate"), ("br", None), ("", None)],
)
@pytest.mark.parametrize("path", [INFER, "/classify"])
def test_an_answer_is_compressed_as_the_client_accepts_it(
    client: httpx.Client, path: str, accepted: str, coding: str | None
) -> None:
    content = MANY.to_json() if path == INFER else orjson.dumps(MANY.inputs[0].data.tolist())
    headers = {"x-request-id": "1"}
    plain = client.post(path, content=content, headers={**headers, "accept-encoding": "identity"})
    response = client.post(path, content=content, headers={**headers, "accept-encoding": accepted})
    assert response.headers.get("content-encoding") == coding
    assert response.content == plain.content
    assert (int(response.headers["content-length"]) < int(plain.headers["content-length"])) == bool(coding)


def test_a_small_answer_is_not_compressed(client: httpx.Client) -> None:
    response = client.post(INFER, json=infer_body(ROWS[:1].tolist()), headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize(
    ("coding", "content", "message"),
    [
        ("br", b"x", 'the content-encoding is "br"; expected gzip, deflate or none'),
        ("gzip, gzip", b"x", 'the content-encoding is "gzip, gzip"; expected gzip, deflate or none'),
        ("gzip", b"no gzip", "the body is not gzip: "),
        ("deflate", gzip.compress(b"{}", mtime=0), "the body is not deflate: "),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-1], "the body has no end; expected one whole gzip stream"),
        (
            "gzip",
            gzip.compress(b"{}", mtime=0) + b"x",
            "the body goes on behind its end; expected one whole gzip stream",
        ),
        ("gzip", b"", "the body has no end; expected one whole gzip stream"),
    ],
)
def test_a_body_that_is_not_coded_as_it_says_is_400(
    client: httpx.Client, coding: str, content: bytes, message: str
) -> None:
    for path in (INFER, "/classify"):
        response = client.post(path, content=content, headers={"content-encoding": coding})
        assert response.status_code == 400
        assert response.json()["error"].startswith(message)


def test_a_compressed_body_counts_as_large_as_it_becomes(digits: Bundle, start_server: StartServer) -> None:
    with start_server(digits.path, body_limit_bytes=LIMIT).wait_until_ready().client() as client:
        for size, code in ((LIMIT + 1, 413), (LIMIT, 400), (1000 * LIMIT, 413)):
            bomb = gzip.compress(b" " * size)
            response = client.post(INFER, content=bomb, headers={"content-encoding": "gzip"})
            assert (len(bomb) <= LIMIT, response.status_code) == (True, code)
