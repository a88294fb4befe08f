"""The extensions over REST: those that a server advertises."""

import gzip
from typing import Any

import httpx
import numpy as np
import pytest

from open_inference import InferRequest, InferResponse, ModelMetadata, RequestedOutput
from open_inference.binary_body import JSON_SIZE_HEADER
from tests.conformance.conftest import Target


@pytest.fixture
def need(extensions: set[str]) -> Any:
    def need(name: str) -> None:
        if name not in extensions:
            pytest.skip(f"the server does not advertise {name}")

    return need


def infer(client: httpx.Client, target: Target, content: bytes, **headers: str) -> InferResponse:
    response = client.post(f"/v2/models/{target.model}/infer", content=content, headers=headers)
    assert response.status_code == 200, response.text
    size = response.headers.get(JSON_SIZE_HEADER)
    return InferResponse.from_json(response.content, int(size) if size else None)


def test_binary_data_has_the_answer_of_json(
    client: httpx.Client, target: Target, request_of_ones: InferRequest, need: Any
) -> None:
    need("binary_tensor_data")
    expected = infer(client, target, request_of_ones.to_json())
    asked = InferRequest(request_of_ones.inputs, parameters={"binary_data_output": True})
    content, size = asked.to_binary()
    for packed, headers in ((content, {}), (gzip.compress(content), {"content-encoding": "gzip"})):
        answer = infer(client, target, packed, **{JSON_SIZE_HEADER: str(size), **headers})
        for output in answer.outputs:
            np.testing.assert_array_equal(output.data, expected.output(output.name).data)


@pytest.mark.parametrize("shift", [-1, 1, 10**6])
def test_a_wrong_size_of_the_json_is_400(
    client: httpx.Client, target: Target, request_of_ones: InferRequest, need: Any, shift: int
) -> None:
    need("binary_tensor_data")
    content, size = request_of_ones.to_binary()
    headers = {JSON_SIZE_HEADER: str(size + shift)}
    assert client.post(f"/v2/models/{target.model}/infer", content=content, headers=headers).status_code == 400


def test_classes_are_value_index_and_label(
    client: httpx.Client, target: Target, request_of_ones: InferRequest, metadata: ModelMetadata, need: Any
) -> None:
    need("classification")
    matrices = (part.name for part in metadata.outputs if part.datatype.startswith("FP") and len(part.shape) > 1)
    name = next(matrices, metadata.outputs[0].name)
    values = infer(client, target, request_of_ones.to_json()).output(name).data
    asked = InferRequest(request_of_ones.inputs, (RequestedOutput(name, {"classification": 1}),))
    refused = client.post(f"/v2/models/{target.model}/infer", content=asked.to_json())
    if target.has_classes is False or refused.status_code != 200:
        assert not target.has_classes
        assert refused.status_code == 400  # and nothing else, where a model has no classes
        return
    output = infer(client, target, asked.to_json()).output(name)
    assert (output.datatype, output.shape[0]) == ("BYTES", values.shape[0])
    for row, text in zip(values, output.data.ravel(), strict=True):
        value, index, *_ = text.decode().split(":")
        assert int(index) == row.argmax()
        assert float(value) == pytest.approx(float(row.max()), rel=1e-5)


def test_the_configuration_agrees_with_the_metadata(
    client: httpx.Client, target: Target, metadata: ModelMetadata, need: Any
) -> None:
    need("model_configuration")
    config = client.get(f"/v2/models/{target.model}/config").json()
    batch = [-1] if config["max_batch_size"] else []
    for role, parts in (("input", metadata.inputs), ("output", metadata.outputs)):
        shapes = {part["name"]: [*batch, *map(int, part["dims"])] for part in config[role]}
        assert shapes == {part.name: list(part.shape) for part in parts}


@pytest.mark.parametrize("path", ["/v2/models/stats", "/v2/models/{model}/stats"])
def test_statistics_count_an_inference(
    client: httpx.Client, target: Target, request_of_ones: InferRequest, need: Any, path: str
) -> None:
    need("statistics")

    def answered() -> int:
        models = client.get(path.format(model=target.model)).json()["model_stats"]
        (model,) = [model for model in models if model["name"] == target.model]
        return int(model["inference_stats"]["success"]["count"])

    before = answered()
    infer(client, target, request_of_ones.to_json())
    assert answered() == before + 1


def test_a_model_is_unloaded_and_loaded_where_that_is_advertised_and_refused_elsewhere(
    client: httpx.Client, target: Target, request_of_ones: InferRequest, extensions: set[str]
) -> None:
    repository, model = f"/v2/repository/models/{target.model}", f"/v2/models/{target.model}"
    if "model_repository" not in extensions:
        for verb in ("load", "unload"):
            assert 400 <= client.post(f"{repository}/{verb}").status_code < 500
        assert client.get(f"{model}/ready").status_code == 200
        return
    try:
        assert client.post(f"{repository}/unload").status_code == 200
        assert client.get(f"{model}/ready").status_code >= 400
        assert client.post(f"{model}/infer", content=request_of_ones.to_json()).status_code >= 400
        index = client.post("/v2/repository/index").json()
        assert "READY" not in {one["state"] for one in index if one["name"] == target.model}
    finally:
        assert client.post(f"{repository}/load").status_code == 200
    for _ in range(2):
        assert client.get(f"{model}/ready").status_code == 200
        assert client.post(f"{repository}/load", json={}).status_code == 200
    for verb in ("load", "unload"):
        assert 400 <= client.post(f"/v2/repository/models/of-no-interest/{verb}").status_code < 500


def test_the_index_has_the_model(client: httpx.Client, target: Target) -> None:
    models = client.post("/v2/repository/index", json={"ready": True}).json()
    assert {model["state"] for model in models if model["name"] == target.model} == {"READY"}
