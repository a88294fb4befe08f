from typing import Any

import httpx
import numpy as np
import pytest

from bundle import Bundle
from open_inference import InferRequest, InferResponse, Tensor
from tests.predictor.bundles import infer_body

ROWS = [[float((row * 5 + column) % 17) for column in range(64)] for row in range(3)]
INFER = "/v2/models/digits/infer"
VALID = InferRequest(inputs=(Tensor.of("features", np.array(ROWS, dtype=np.float32)),)).to_json()


def find_nulls(value: Any) -> bool:
    match value:
        case dict():
            return any(find_nulls(part) for part in value.values())
        case list():
            return any(find_nulls(part) for part in value)
        case _:
            return value is None


def test_the_server_says_what_it_is(client: httpx.Client) -> None:
    answer = client.get("/v2").json()
    assert answer["name"] == "assay"
    assert answer["extensions"] == ["binary_tensor_data", "classification", "model_configuration", "statistics"]


def test_a_server_with_a_warm_model_is_live_and_ready(client: httpx.Client) -> None:
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_a_model_says_what_it_takes_and_gives(client: httpx.Client, version: str) -> None:
    assert client.get(f"/v2/models/digits{version}").json() == {
        "name": "digits",
        "versions": ["1"],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "features", "datatype": "FP32", "shape": [-1, 64]}],
        "outputs": [
            {"name": "label", "datatype": "INT64", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]},
        ],
    }
    assert client.get(f"/v2/models/digits{version}/ready").json() == {"name": "digits", "ready": True}


@pytest.mark.parametrize("path", [INFER, "/v2/models/digits/versions/1/infer"])
def test_an_answer_names_who_gave_it(client: httpx.Client, digits: Bundle, path: str) -> None:
    response = client.post(path, json=infer_body(ROWS, id="42"))
    answer = response.json()
    assert answer["id"] == "42"
    assert (answer["model_name"], answer["model_version"]) == ("digits", "1")
    assert answer["parameters"] == {"revision": "canary-1", "bundle_digest": digits.digest}
    assert response.headers["x-assay-model"] == "digits"
    assert response.headers["x-assay-version"] == "1"
    assert response.headers["x-assay-revision"] == "canary-1"
    assert response.headers["x-assay-bundle-digest"] == digits.digest
    assert not find_nulls(answer)


def test_an_answer_has_a_class_and_the_probability_of_each_class_for_every_row(client: httpx.Client) -> None:
    response = InferResponse.from_json(client.post(INFER, content=VALID).content)
    label, probabilities = response.output("label"), response.output("probabilities")
    assert (label.datatype, label.shape) == ("INT64", (3,))
    assert (probabilities.datatype, probabilities.shape) == ("FP32", (3, 10))
    np.testing.assert_allclose(probabilities.data.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probabilities.data.argmax(axis=1), label.data)


def test_flat_and_nested_data_have_the_same_answer(client: httpx.Client) -> None:
    flat = infer_body(ROWS, id="1")
    flat["inputs"][0]["data"] = [number for row in ROWS for number in row]
    assert client.post(INFER, json=flat).json() == client.post(INFER, json=infer_body(ROWS, id="1")).json()


@pytest.mark.parametrize("names", [["label"], ["probabilities", "label"]])
def test_the_outputs_asked_for_come_in_the_order_asked(client: httpx.Client, names: list[str]) -> None:
    answer = client.post(INFER, json=infer_body(ROWS, outputs=[{"name": name} for name in names])).json()
    assert [output["name"] for output in answer["outputs"]] == names


def test_an_id_is_made_where_there_is_none(client: httpx.Client) -> None:
    response = client.post(INFER, json=infer_body(ROWS))
    assert response.json()["id"] == response.headers["x-request-id"]
    assert len(response.json()["id"]) == 32


def test_parameters_of_a_request_are_taken(client: httpx.Client) -> None:
    body = infer_body(ROWS, parameters={"tenant": "blue", "share": 0.5, "is_test": True})
    body["inputs"][0]["parameters"] = {"note": "x"}
    assert client.post(INFER, json=body).status_code == 200


def test_a_request_without_a_content_type_is_served(client: httpx.Client) -> None:
    request = client.build_request("POST", INFER, content=VALID)
    assert "content-type" not in request.headers
    assert client.send(request).status_code == 200


def test_a_chunked_body_is_served(client: httpx.Client) -> None:
    chunks = (VALID[start : start + 100] for start in range(0, len(VALID), 100))
    response = client.post(INFER, content=chunks)
    assert response.request.headers["transfer-encoding"] == "chunked"
    assert response.status_code == 200


@pytest.mark.parametrize("given", ["abc-123", "x" * 128])
def test_a_callers_request_id_comes_back(client: httpx.Client, given: str) -> None:
    response = client.post(INFER, json=infer_body(ROWS), headers={"x-request-id": given})
    assert response.headers["x-request-id"] == given
    assert response.json()["id"] == given


@pytest.mark.parametrize("given", ["x" * 129, "", "with space", "caf\u00e9"])
def test_a_request_id_that_is_long_or_not_printable_is_replaced(client: httpx.Client, given: str) -> None:
    response = client.get("/v2", headers=[(b"x-request-id", given.encode("latin-1"))])
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 32
