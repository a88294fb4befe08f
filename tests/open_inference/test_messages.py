from contextlib import suppress
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from open_inference import (
    InferRequest,
    InferResponse,
    MalformedMessage,
    ModelMetadata,
    ProtocolError,
    RequestedOutput,
    ServerMetadata,
    Tensor,
    TensorMetadata,
)

TENSOR: dict[str, Any] = {"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
ALMOST_TENSORS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("x") | JSON_VALUES,
        "datatype": st.sampled_from(["FP32", "INT8", "BYTES", "BOOL", "BF16"]) | JSON_VALUES,
        "shape": st.lists(st.integers(-1, 3), max_size=3) | JSON_VALUES,
        "data": JSON_VALUES | st.lists(st.lists(st.integers(0, 1), max_size=2), max_size=3),
        "parameters": JSON_VALUES,
    },
)
ALMOST_REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.lists(ALMOST_TENSORS, max_size=2) | JSON_VALUES,
        "outputs": st.lists(st.fixed_dictionaries({"name": JSON_VALUES}), max_size=2) | JSON_VALUES,
        "id": JSON_VALUES,
        "parameters": JSON_VALUES,
    },
)


def request_bytes(**fields: Any) -> bytes:
    return orjson.dumps({"inputs": [TENSOR], **fields})


@given(st.binary() | st.one_of(JSON_VALUES, ALMOST_REQUESTS).map(orjson.dumps))
def test_any_bytes_are_a_request_or_a_protocol_error(content: bytes) -> None:
    try:
        request = InferRequest.from_json(content)
    except ProtocolError as error:
        text = str(error)
    else:
        text = ""
        assert InferRequest.from_json(request.to_json()).id == request.id
    assert not text or ("; expected " in text and "\n" not in text)


@given(st.binary() | JSON_VALUES.map(orjson.dumps))
def test_any_bytes_are_a_response_or_a_protocol_error(content: bytes) -> None:
    with suppress(ProtocolError):
        InferResponse.from_json(content)


def test_everything_that_a_request_says_is_kept() -> None:
    request = InferRequest(
        inputs=(Tensor("x", "INT8", (2,), np.array([1, 2], dtype=np.int8), {"a": 1}),),
        outputs=(RequestedOutput("label", {"classification": 3}), RequestedOutput("probabilities")),
        id="42",
        parameters={"tenant": "blue", "share": 0.5, "is_test": True},
    )
    read = InferRequest.from_json(request.to_json())
    assert (read.id, read.parameters, read.outputs) == (request.id, request.parameters, request.outputs)
    assert read.inputs[0].parameters == {"a": 1}


def test_everything_that_a_response_says_is_kept() -> None:
    label = Tensor.of("label", np.array([3]))
    response = InferResponse("digits", (label,), model_version="2", id="42", parameters={"revision": "r1"})
    read = InferResponse.from_json(response.to_json())
    assert (read.model_name, read.model_version, read.id) == ("digits", "2", "42")
    assert read.parameters == {"revision": "r1"}
    assert read.output("label").data.tolist() == [3]
    with pytest.raises(KeyError):
        read.output("probabilities")


def test_what_is_not_given_is_not_written() -> None:
    assert orjson.loads(InferRequest(inputs=()).to_json()) == {"inputs": []}
    assert orjson.loads(InferResponse("m", ()).to_json()) == {"model_name": "m", "outputs": []}


def test_fields_that_v2_does_not_know_are_passed_over() -> None:
    assert InferRequest.from_json(request_bytes(priority=1)).id is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the body is empty; expected JSON"),
        (b" \n", "the body is empty; expected JSON"),
        (b"[1]", "the request is a list of 1; expected a JSON object"),
        (b"{}", 'the request has no "inputs"; expected a list of objects'),
        (b'{"inputs": null}', "the request: inputs is null; expected a list of objects"),
        (b'{"inputs": [1]}', "inputs[0] is the number 1; expected a JSON object"),
        (b'{"inputs": [{}]}', 'inputs[0] has no "name"; expected a string'),
        (b'{"inputs": [{"name": 1}]}', "inputs[0]: name is the number 1; expected a string that is not empty"),
        (b'{"inputs": [{"name": "x"}]}', 'input "x" has no "datatype"; expected a string'),
        (request_bytes(id=1), "the request: id is the number 1; expected a string"),
        (request_bytes(id=None), "the request: id is null; expected a string"),
        (request_bytes(parameters=[]), "the request: parameters is a list of 0; expected an object"),
        (
            request_bytes(parameters={"a": None}),
            'the request: parameters."a" is null; expected a string, a number or a boolean',
        ),
        (request_bytes(outputs=[{}]), 'outputs[0] has no "name"; expected a string'),
        (request_bytes(inputs=[{**TENSOR, "shape": [-1]}]), None),
    ],
)
def test_a_malformed_request_is_told_what_was_expected(content: bytes, message: str | None) -> None:
    with pytest.raises(MalformedMessage) as caught:
        InferRequest.from_json(content)
    expected = f'input "x": shape[0] is the number -1; expected a whole number from 0 to {2**31 - 1}'
    assert str(caught.value) == (message or expected)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"NaN", b'{"inputs": [1,]}', b"[" * 5000, b"1e999"])
def test_what_is_not_json_is_said_to_be_so(content: bytes) -> None:
    with pytest.raises(MalformedMessage, match="the body is not JSON: "):
        InferRequest.from_json(content)


def test_metadata_comes_back_as_it_was_sent() -> None:
    tensor = TensorMetadata(name="x", datatype="FP32", shape=(-1, 4))
    model = ModelMetadata(name="m", versions=("1",), platform="onnx_onnxv1", inputs=(tensor,), outputs=())
    assert ModelMetadata.from_json(model.to_json()) == model
    server = ServerMetadata(name="assay", version="1", extensions=())
    assert ServerMetadata.from_json(server.to_json()) == server


def test_metadata_that_lacks_a_field_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match=r"platform: Field required; expected the fields of ModelMetadata"):
        ModelMetadata.from_json(b'{"name": "m"}')
