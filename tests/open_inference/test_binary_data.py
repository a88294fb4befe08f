import math
import struct
from contextlib import suppress
from typing import Any

import ml_dtypes
import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from open_inference import (
    DATATYPES,
    InferRequest,
    InferResponse,
    MalformedMessage,
    ProtocolError,
    RequestedOutput,
    Tensor,
    TensorMismatch,
)
from open_inference.binary_body import read_json_size
from open_inference.binary_data import decode_binary, encode_binary
from tests.open_inference.test_messages import JSON_VALUES

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
TWO = struct.pack("<2f", 1.5, -2)


@st.composite
def tensors(draw: st.DrawFn, name: str = "x") -> Tensor:
    shape, datatype = draw(SHAPES), draw(st.sampled_from(list(DATATYPES)))
    if datatype == "BF16":
        bits = draw(hnp.arrays(np.uint16, shape))
        array = bits.view(ml_dtypes.bfloat16).astype(np.float32)
    elif datatype == "BYTES":
        texts = draw(st.lists(st.binary(max_size=8), min_size=math.prod(shape), max_size=math.prod(shape)))
        array = np.empty(len(texts), dtype=np.object_)
        array[:] = texts
        array = array.reshape(shape)
    else:
        array = draw(hnp.arrays(DATATYPES[datatype], shape))
    return Tensor(name, datatype, shape, array, draw(st.sampled_from([{}, {"note": "kept"}])))


def assert_same(read: Tensor, sent: Tensor) -> None:
    assert (read.name, read.datatype, read.shape, read.parameters) == (
        sent.name,
        sent.datatype,
        sent.shape,
        sent.parameters,
    )
    assert read.data.dtype == sent.data.dtype
    assert read.data.flags.aligned
    np.testing.assert_array_equal(read.data, sent.data)


def body(tensor: dict[str, Any], binary: bytes, **fields: Any) -> tuple[bytes, int]:
    json = orjson.dumps({"inputs": [{"name": "x", **tensor}], **fields})
    return json + binary, len(json)


def fp32(size: object, **fields: Any) -> dict[str, Any]:
    return {"datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": size}, **fields}


@given(st.lists(tensors(), max_size=3), st.text(max_size=5))
def test_a_binary_request_comes_back_as_it_was_sent(inputs: list[Tensor], padding: str) -> None:
    content, json_size = InferRequest(inputs=tuple(inputs), parameters={"padding": padding}).to_binary()
    read = InferRequest.from_json(content, json_size).inputs
    assert len(read) == len(inputs)
    for one, other in zip(read, inputs, strict=True):
        assert_same(one, other)


@given(tensors("a"), tensors("b"), st.sets(st.sampled_from("ab")))
def test_a_response_comes_back_whichever_of_its_outputs_are_binary(
    first: Tensor, second: Tensor, names: set[str]
) -> None:
    with suppress(TensorMismatch):  # BYTES that are no text, and not asked for as binary data
        content, json_size = InferResponse("m", (first, second)).to_binary(names)
        read = InferResponse.from_json(content, json_size)
        assert_same(read.output("a"), first)
        assert_same(read.output("b"), second)


@given(hnp.arrays(np.float32, SHAPES))
def test_bf16_is_rounded_as_others_round_it(array: NDArray[np.float32]) -> None:
    with np.errstate(all="ignore"):
        expected = array.astype(ml_dtypes.bfloat16)
    read = decode_binary(encode_binary(array, "BF16", "x"), "BF16", array.shape, "x")
    np.testing.assert_array_equal(read, expected.astype(np.float32))


def test_elements_are_little_endian_and_in_row_major_order() -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3).T
    assert encode_binary(array, "INT16", "x") == struct.pack("<6h", 0, 3, 1, 4, 2, 5)
    assert encode_binary(np.array([True, False]), "BOOL", "x") == b"\x01\x00"
    texts = np.array([b"ab", b""], dtype=np.object_)
    assert encode_binary(texts, "BYTES", "x") == b"\x02\0\0\0ab\0\0\0\0"


@given(
    st.binary(max_size=40),
    st.sampled_from([*DATATYPES, "FP8"]),
    st.lists(st.integers(0, 3) | st.integers(0, 2**31 - 1), max_size=32),
)
def test_any_bytes_are_a_tensor_or_a_protocol_error(content: bytes, datatype: str, shape: list[int]) -> None:
    with suppress(ProtocolError):
        assert decode_binary(content, datatype, shape, "x").shape == tuple(shape)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"name": st.just("x"), "datatype": st.sampled_from(["FP32", "BYTES", "BOOL", "BF16"])},
            optional={
                "shape": st.lists(st.integers(0, 3), max_size=2),
                "data": st.just([1]),
                "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 12) | JSON_VALUES}),
            },
        ),
        max_size=2,
    ),
    st.binary(max_size=24),
    st.integers(-3, 3),
)
def test_any_binary_body_is_a_request_or_a_protocol_error(inputs: list[Any], binary: bytes, shift: int) -> None:
    json = orjson.dumps({"inputs": inputs})
    with suppress(ProtocolError):
        InferRequest.from_json(json + binary, max(0, len(json) + shift))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            (b"{}", 3),
            "the body has 2 bytes; expected at least the 3 that Inference-Header-Content-Length says",
        ),
        (body(fp32(8), TWO + b"!"), "1 bytes follow the last tensor's data; expected none"),
        (
            body(fp32(8), TWO[1:]),
            'input "x": binary_data_size is the number 8; expected a whole number, at most the 7 bytes that are left',
        ),
        (
            body(fp32(-8), TWO),
            'input "x": binary_data_size is the number -8; expected a whole number, at most the 8 bytes that are left',
        ),
        (
            body(fp32("8"), TWO),
            'input "x": binary_data_size is the string "8"; expected a whole number, at most the 8 bytes that are left',
        ),
        (body(fp32(8, data=[1, 2]), TWO), 'input "x" has data and binary_data_size; expected one of them'),
        (
            body(fp32(8, shape=[3]), TWO),
            'input "x": binary data has 8 bytes; expected 12 for FP32 [3]',
        ),
        (
            body({**fp32(2), "datatype": "BOOL"}, b"\x01\x02"),
            'input "x": binary data: element 1 is 2; expected 0 or 1 for BOOL',
        ),
        (
            body({**fp32(6), "datatype": "BYTES"}, b"\x01\0\0\0a\0"),
            'input "x": binary data has 6 bytes; expected at least 8 for BYTES [2]',
        ),
        (
            body({**fp32(9), "datatype": "BYTES"}, b"\x03\0\0\0abc\0\0"),
            'input "x": binary data ends before element 1; expected 2 elements, each behind its size',
        ),
        (
            body({**fp32(8), "datatype": "BYTES"}, b"\xff\xff\xff\xff1234"),
            'input "x": binary data: element 0 is said to have 4294967295 bytes; expected at most the 4 that are left',
        ),
        (
            body({**fp32(9), "datatype": "BYTES"}, b"\0\0\0\0\0\0\0\0!"),
            'input "x": binary data has 9 bytes; expected 8 for these 2 elements',
        ),
        (
            (body(fp32(8), b"")[0], None),
            'input "x" has binary_data_size; expected it only with the header Inference-Header-Content-Length',
        ),
    ],
)
def test_what_does_not_fit_is_told_what_was_expected(content: tuple[bytes, int | None], message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        InferRequest.from_json(*content)
    assert str(caught.value) == message


def test_a_tensor_that_no_memory_could_hold_is_refused_by_its_size() -> None:
    with pytest.raises(TensorMismatch, match=r"has 4 bytes; expected at least \d{20} "):
        decode_binary(b"1234", "BYTES", [2**31 - 1, 2**31 - 1, 4], "x")


@pytest.mark.parametrize("header", ["", "-1", "1.0", "0x1", "١", "9" * 19])
def test_a_header_that_is_no_size_is_an_error(header: str) -> None:
    with pytest.raises(MalformedMessage, match="Inference-Header-Content-Length"):
        read_json_size(header)


def test_a_header_is_the_size_of_the_json_and_none_means_all() -> None:
    assert (read_json_size("12"), read_json_size(None)) == (12, None)


def test_outputs_are_binary_as_each_asks_or_else_as_the_request_asks() -> None:
    asked = (RequestedOutput("a", {"binary_data": True}), RequestedOutput("b", {"binary_data": False}))
    assert InferRequest((), asked).binary_outputs(["a", "b", "c"]) == {"a"}
    assert InferRequest((), asked, parameters={"binary_data_output": True}).binary_outputs(["a", "b", "c"]) == {
        "a",
        "c",
    }


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            InferRequest((), parameters={"binary_data_output": 1}),
            "the request: binary_data_output is the number 1; expected true or false",
        ),
        (
            InferRequest((), (RequestedOutput("a", {"binary_data": "yes"}),)),
            'output "a": binary_data is the string "yes"; expected true or false',
        ),
    ],
)
def test_a_wish_for_binary_data_is_a_boolean(request_: InferRequest, message: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        request_.binary_outputs(["a"])
    assert str(caught.value) == message
