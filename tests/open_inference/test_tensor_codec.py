import math
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from open_inference import DATATYPES, InferRequest, InferResponse, ProtocolError, Tensor, TensorMismatch

NUMERIC = [datatype for datatype in DATATYPES if datatype != "BYTES"]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


@st.composite
def arrays(draw: st.DrawFn) -> NDArray[Any]:
    shape = draw(SHAPES)
    datatype = draw(st.sampled_from(list(DATATYPES)))
    if datatype != "BYTES":
        return draw(hnp.arrays(DATATYPES[datatype], shape))
    texts = draw(st.lists(st.text(max_size=8), min_size=math.prod(shape), max_size=math.prod(shape)))
    array = np.empty(len(texts), dtype=np.object_)
    array[:] = [text.encode() for text in texts]
    return array.reshape(shape)


def read_tensor(datatype: str, shape: list[int], data: Any) -> Tensor:
    value = {"name": "x", "datatype": datatype, "shape": shape, "data": data}
    return InferRequest.from_json(orjson.dumps({"inputs": [value]})).inputs[0]


@given(arrays())
def test_a_tensor_comes_back_as_it_was_sent(array: NDArray[Any]) -> None:
    sent = InferRequest(inputs=(Tensor.of("x", array),)).to_json()
    read = InferRequest.from_json(sent).inputs[0]
    assert read.data.dtype == array.dtype
    assert read.shape == array.shape
    np.testing.assert_array_equal(read.data, array)
    assert b"null" not in sent or array.dtype == np.object_


@given(arrays())
def test_nested_data_means_the_same_as_flat_data(array: NDArray[Any]) -> None:
    flat = orjson.loads(InferResponse("m", (Tensor.of("x", array),)).to_json())["outputs"][0]
    nested = np.array(flat["data"], dtype=object).reshape(array.shape).tolist()
    is_nested = isinstance(nested, list)
    read = read_tensor(flat["datatype"], flat["shape"], nested if is_nested else [nested])
    np.testing.assert_array_equal(read.data, array)


@pytest.mark.parametrize("layout", ["transposed", "strided"])
def test_an_array_of_any_memory_layout_is_written_in_row_major_order(layout: str) -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    sent = array.T if layout == "transposed" else array[:, ::2]
    read = InferRequest.from_json(InferRequest(inputs=(Tensor.of("x", sent),)).to_json()).inputs[0]
    np.testing.assert_array_equal(read.data, sent)


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "message"),
    [
        ("FP32", [2], [1, "1.5"], 'input "x": data[1] is the string "1.5"; expected a number for FP32'),
        ("FP32", [2, 2], [[1, 2], [3, "x"]], 'input "x": data[1][1] is the string "x"; expected a number for FP32'),
        ("FP32", [2], [1, True], 'input "x": data[1] is the boolean true; expected a number for FP32'),
        ("FP32", [1], [None], 'input "x": data[0] is null; expected a number for FP32'),
        ("FP32", [2], [0, 1e39], 'input "x": data[1] is 1e+39; expected a number within the range of FP32'),
        ("BF16", [1], [3.4e38], 'input "x": data[0] is 3.4e+38; expected a number within the range of BF16'),
        ("FP16", [1], [65520], 'input "x": data[0] is 65520; expected a number within the range of FP16'),
        ("INT64", [1], [1.5], 'input "x": data[0] is the number 1.5; expected a whole number for INT64'),
        ("INT64", [1], [1.0], 'input "x": data[0] is the number 1.0; expected a whole number for INT64'),
        ("INT64", [1], [2**63], f'input "x": data[0] is {2**63}; expected a number within the range of INT64'),
        ("INT8", [2], [0, 128], 'input "x": data[1] is 128; expected a number within the range of INT8'),
        ("UINT8", [1], [-1], 'input "x": data[0] is -1; expected a number within the range of UINT8'),
        ("BOOL", [1], [1], 'input "x": data[0] is the number 1; expected true or false for BOOL'),
        ("BYTES", [1], [1], 'input "x": data[0] is the number 1; expected a string for BYTES'),
        ("BYTES", [1], [["a"]], 'input "x": data[0] is a list of 1; expected a string for BYTES'),
        ("FP32", [2, 2], [1, 2, 3], 'input "x": data has 3 elements; expected 4 for the shape [2, 2]'),
        ("FP32", [2, 2], [[1, 2], [3]], 'input "x": data[1] has 1 elements; expected a list of 2 for the shape [2, 2]'),
        ("FP32", [2, 2], [[1, 2], 3], 'input "x": data[1] is the number 3; expected a list of 2 for the shape [2, 2]'),
        ("FP32", [3, 1], [[1], [2]], 'input "x": data has 2 elements; expected a list of 3 for the shape [3, 1]'),
        ("FP32", [1], "NaN", 'input "x": data is the string "NaN"; expected a list of 1 elements'),
        ("FP32", [1], ["nan"], 'input "x": data[0] is the string "nan"; expected a number for FP32'),
    ],
)
def test_what_does_not_fit_is_named_with_its_position(datatype: str, shape: list[int], data: Any, message: str) -> None:
    with pytest.raises(TensorMismatch) as caught:
        read_tensor(datatype, shape, data)
    assert str(caught.value) == message
    assert message == f"{caught.value.what}; expected {caught.value.expected}"


@pytest.mark.parametrize(
    ("datatype", "data"),
    [("UINT64", 2**64 - 1), ("INT64", -(2**63)), ("INT8", -128), ("FP16", 65504), ("FP64", 1.7976931348623157e308)],
)
def test_the_ends_of_a_range_are_taken(datatype: str, data: float) -> None:
    assert read_tensor(datatype, [1], [data]).data[0] == data


def test_whole_numbers_are_numbers() -> None:
    np.testing.assert_array_equal(read_tensor("FP32", [3], [1, 2.5, 3]).data, np.array([1, 2.5, 3], np.float32))


def test_nan_and_infinity_are_written_as_protobuf_writes_them() -> None:
    array = np.array([np.nan, np.inf, -np.inf, 1.5], dtype=np.float32)
    sent = InferResponse("m", (Tensor.of("x", array),)).to_json()
    assert orjson.loads(sent)["outputs"][0]["data"] == ["NaN", "Infinity", "-Infinity", 1.5]


def test_a_number_becomes_the_nearest_that_bf16_has() -> None:
    data = [1.0, 1 + 2**-8, 1 + 3 * 2**-8, -(1 + 2**-7), "NaN", "-Infinity"]
    np.testing.assert_array_equal(
        read_tensor("BF16", [6], data).data,
        np.array([1, 1, 1 + 2**-6, -(1 + 2**-7), np.nan, -np.inf], dtype=np.float32),
    )


def test_a_scalar_has_one_element_and_no_shape() -> None:
    assert read_tensor("INT32", [], [7]).data == 7


@pytest.mark.parametrize("shape", [[0, 2**31 - 1, 2**31 - 1, 2**31 - 1], [0] * 33, [2**31], [-1], [True], ["1"], 1])
def test_a_shape_that_no_array_can_have_is_an_error(shape: Any) -> None:
    with pytest.raises(ProtocolError, match="shape"):
        read_tensor("FP32", shape, [])


@pytest.mark.parametrize("datatype", ["FP8", "fp32", "FLOAT", "x" * 1000])
def test_an_unknown_datatype_is_named(datatype: str) -> None:
    with pytest.raises(ProtocolError, match=f'input "x": data has the unknown datatype "{datatype[:64]}'):
        read_tensor(datatype, [0], [])


@pytest.mark.parametrize(("value", "message"), [(b"\xff", "is not UTF-8"), ("text", "is a str; expected bytes")])
def test_bytes_that_are_no_text_have_no_json_form(value: object, message: str) -> None:
    array = np.array([value], dtype=np.object_)
    with pytest.raises(TensorMismatch, match=rf'the tensor "x": data\[0\] {message}'):
        InferRequest(inputs=(Tensor.of("x", array),)).to_json()


@pytest.mark.parametrize("dtype", ["complex128", ">i4", "U3"])
def test_an_array_that_v2_has_no_word_for_is_refused(dtype: str) -> None:
    with pytest.raises(TensorMismatch, match=r'the tensor "x" holds .*; expected a dtype that V2 has a word for'):
        Tensor.of("x", np.zeros(1, dtype=dtype))


def test_a_tensor_whose_parts_disagree_cannot_be_made() -> None:
    with pytest.raises(TensorMismatch, match=r"holds float32 \[2\]; expected float64 \[2\]"):
        Tensor("x", "FP64", (2,), np.zeros(2, dtype=np.float32))
