"""The protocol's doors over REST, row by row, and what wrong requests get."""

from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from open_inference import InferRequest, InferResponse, ModelMetadata, ServerMetadata
from tests.conformance.conftest import Target
from tests.predictor.test_v2_doors import find_nulls

_LIMIT_BYTES = 16 * 2**20


@pytest.fixture
def infer(target: Target) -> str:
    return f"/v2/models/{target.model}/infer"


@pytest.fixture
def fields(request_of_ones: InferRequest) -> Any:
    return orjson.loads(request_of_ones.to_json())


def test_the_server_says_what_it_is(client: httpx.Client) -> None:
    assert ServerMetadata.from_json(client.get("/v2").content).name


@pytest.mark.parametrize("word", ["live", "ready"])
def test_the_server_is_live_and_ready(client: httpx.Client, word: str) -> None:
    assert client.get(f"/v2/health/{word}").status_code == 200


def test_nothing_that_the_server_says_is_null(client: httpx.Client, target: Target) -> None:
    for path in ("/v2", f"/v2/models/{target.model}"):
        assert not find_nulls(client.get(path).json())


def test_the_model_is_ready_under_its_name_and_its_version(
    client: httpx.Client, target: Target, metadata: ModelMetadata
) -> None:
    for path in ("", *(f"/versions/{version}" for version in metadata.versions)):
        assert client.get(f"/v2/models/{target.model}{path}/ready").status_code == 200
        assert ModelMetadata.from_json(client.get(f"/v2/models/{target.model}{path}").content) == metadata


def test_an_answer_has_every_output_as_the_metadata_says(
    client: httpx.Client, infer: str, request_of_ones: InferRequest, metadata: ModelMetadata
) -> None:
    response = client.post(infer, content=request_of_ones.to_json())
    answer = InferResponse.from_json(response.content)
    assert (response.status_code, answer.id, answer.model_name) == (200, request_of_ones.id, metadata.name)
    assert {output.name for output in answer.outputs} == {part.name for part in metadata.outputs}
    for part in metadata.outputs:
        output = answer.output(part.name)
        assert output.datatype == part.datatype
        assert len(output.shape) == len(part.shape)
        assert all(expected in {-1, size} for size, expected in zip(output.shape, part.shape, strict=True))
    assert not find_nulls(response.json())


def test_a_version_in_the_path_is_honoured(
    client: httpx.Client, target: Target, request_of_ones: InferRequest, metadata: ModelMetadata
) -> None:
    for version in metadata.versions:
        path = f"/v2/models/{target.model}/versions/{version}/infer"
        answer = InferResponse.from_json(client.post(path, content=request_of_ones.to_json()).content)
        assert answer.model_version == version


def test_nested_data_means_the_same_as_flat_data(
    client: httpx.Client, infer: str, fields: Any, request_of_ones: InferRequest
) -> None:
    flat = client.post(infer, json=fields).json()
    for tensor, sent in zip(fields["inputs"], request_of_ones.inputs, strict=True):
        if not sent.shape:  # one number by itself is no list, however it is nested
            continue
        tensor["data"] = np.array(tensor["data"], dtype=object).reshape(sent.shape).tolist()
    assert client.post(infer, json=fields).json()["outputs"] == flat["outputs"]


def test_outputs_come_as_they_are_asked_for(
    client: httpx.Client, infer: str, fields: Any, metadata: ModelMetadata
) -> None:
    for part in metadata.outputs:
        answer = client.post(infer, json={**fields, "outputs": [{"name": part.name}]}).json()
        assert [output["name"] for output in answer["outputs"]] == [part.name]


def test_parameters_are_taken_and_unknown_fields_passed_over(client: httpx.Client, infer: str, fields: Any) -> None:
    more = {"parameters": {"tenant": "blue", "share": 0.5, "is_test": True}, "of_no_interest": 1}
    assert client.post(infer, json={**fields, **more}).status_code == 200


def wrong_requests(fields: Any) -> dict[str, Any]:
    """Requests that are wrong in one thing each."""
    first = fields["inputs"][0]
    other = ("INT64", [1]) if first["datatype"] == "BOOL" else ("BOOL", [True])

    def with_first(**changes: Any) -> Any:
        return {**fields, "inputs": [{**first, **changes}, *fields["inputs"][1:]]}

    return {
        "no JSON": "{",
        "no object": [],
        "no inputs": {},
        "an input is missing": {"inputs": fields["inputs"][1:]},
        "no name": {"inputs": [{name: value for name, value in first.items() if name != "name"}]},
        "no shape": {"inputs": [{name: value for name, value in first.items() if name != "shape"}]},
        "no data": {"inputs": [{name: value for name, value in first.items() if name != "data"}]},
        "a null": with_first(data=None),
        "an unknown input": with_first(name="of no interest"),
        "an unknown datatype": with_first(datatype="FLOAT"),
        "another datatype": with_first(datatype=other[0], data=other[1] * len(first["data"])),
        "too few elements": with_first(data=first["data"][1:]),
        "another shape": with_first(shape=[*first["shape"], 1]),
        "a negative size": with_first(shape=[-1]),
        "an element of another type": with_first(data=[{}, *first["data"][1:]]),
        "an unknown output": {**fields, "outputs": [{"name": "of no interest"}]},
        "an id that is no string": {**fields, "id": 7},
    }


@pytest.mark.parametrize("wrong", wrong_requests({"inputs": [{"datatype": "FP32", "shape": [], "data": []}]}))
def test_a_wrong_request_is_400_and_says_why(client: httpx.Client, infer: str, fields: Any, wrong: str) -> None:
    body = wrong_requests(fields)[wrong]
    response = client.post(infer, content=body if isinstance(body, str) else orjson.dumps(body))
    assert (response.status_code, list(response.json())) == (400, ["error"])
    assert response.json()["error"]
    assert "Traceback" not in response.text


@pytest.mark.parametrize("path", ["of-no-interest", "{model}/versions/999999"])
def test_an_unknown_model_or_version_is_404(client: httpx.Client, target: Target, fields: Any, path: str) -> None:
    path = f"/v2/models/{path.format(model=target.model)}"
    for response in (client.get(path), client.get(f"{path}/ready"), client.post(f"{path}/infer", json=fields)):
        assert (response.status_code, list(response.json())) == (404, ["error"])


def test_a_body_over_the_limit_is_413(client: httpx.Client, infer: str) -> None:
    response = client.post(infer, content=b" " * (_LIMIT_BYTES + 1))
    assert (response.status_code, list(response.json())) == (413, ["error"])


def test_a_connection_goes_on_after_an_error(client: httpx.Client, infer: str, fields: Any) -> None:
    for body, code in ((b"{", 400), (orjson.dumps(fields), 200), (b"", 400), (orjson.dumps(fields), 200)):
        assert client.post(infer, content=body).status_code == code
