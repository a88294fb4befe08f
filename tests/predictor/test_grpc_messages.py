from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from grpc_tools import protoc
from hypothesis import given
from hypothesis import strategies as st

import open_inference.grpc_messages
from open_inference import InferRequest, InferResponse, ProtocolError, RequestedOutput, Tensor
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from open_inference.grpc_messages.infer_messages import read_request, read_response, write_request, write_response
from tests.open_inference.test_binary_data import assert_same, tensors

CONTENTS = messages.InferTensorContents
FP32 = {"name": "x", "datatype": "FP32", "shape": [2]}
TWO = np.array([1.5, -2], dtype=np.float32).tobytes()


def to_request(response: messages.ModelInferResponse) -> messages.ModelInferRequest:
    """The response's tensors as a request's: both have the same fields."""
    request = messages.ModelInferRequest(raw_input_contents=response.raw_output_contents)
    for output in response.outputs:
        request.inputs.add().MergeFromString(output.SerializeToString())
    return request


@given(st.lists(tensors(), max_size=3), st.booleans())
def test_tensors_come_back_as_they_were_sent(sent: list[Tensor], is_raw: bool) -> None:
    written = write_response(InferResponse("m", tuple(sent)), is_raw=is_raw)
    read = read_request(to_request(written)).inputs
    for one, other in zip(read, sent, strict=True):
        assert_same(one, other)
    if not is_raw and not {tensor.datatype for tensor in sent} & {"FP16", "BF16"}:
        assert not written.raw_output_contents


@given(st.lists(tensors(), max_size=3), st.booleans())
def test_what_a_client_writes_and_reads_is_what_a_server_reads_and_writes(sent: list[Tensor], is_raw: bool) -> None:
    asked = InferRequest(tuple(sent), (RequestedOutput("y", {"classification": 2}),), id="7", parameters={"p": 0.5})
    read = read_request(write_request(asked, "m"))
    assert (read.outputs, read.id, read.parameters) == (asked.outputs, "7", {"p": 0.5})
    answered = InferResponse("m", tuple(sent), "3", "8", {"revision": "v1", "big": 2**63})
    heard = read_response(write_response(answered, is_raw=is_raw))
    assert (heard.model_name, heard.model_version, heard.id) == ("m", "3", "8")
    assert heard.parameters == answered.parameters
    for tensors_read in (read.inputs, heard.outputs):
        for one, other in zip(tensors_read, sent, strict=True):
            assert_same(one, other)


@given(st.binary(max_size=60))
def test_any_message_is_a_response_or_a_protocol_error(content: bytes) -> None:
    with suppress(DecodeError, ProtocolError):
        read_response(messages.ModelInferResponse.FromString(content))


@given(st.binary(max_size=60))
def test_any_message_is_a_request_or_a_protocol_error(content: bytes) -> None:
    with suppress(DecodeError, ProtocolError):
        read_request(messages.ModelInferRequest.FromString(content))


@given(
    st.sampled_from(["FP32", "FP16", "INT8", "UINT64", "BOOL", "BYTES", "", "x"]),
    st.lists(st.integers(-1, 3), max_size=3),
    st.sampled_from(
        [
            CONTENTS(),
            CONTENTS(fp32_contents=[1, 2]),
            CONTENTS(int_contents=[1, 300]),
            CONTENTS(bool_contents=[True], bytes_contents=[b"x"]),
        ]
    ),
    st.none() | st.lists(st.binary(max_size=8), max_size=2),
)
def test_any_tensor_is_read_or_a_protocol_error(
    datatype: str, shape: list[int], contents: Any, raw: list[bytes] | None
) -> None:
    request = messages.ModelInferRequest(raw_input_contents=raw)
    request.inputs.add(name="x", datatype=datatype, shape=shape, contents=None if raw else contents)
    with suppress(ProtocolError):
        read_request(request)


def test_parameters_keep_their_kinds() -> None:
    kinds = {"b": {"bool_param": True}, "i": {"int64_param": 1}, "u": {"uint64_param": 2**64 - 1}}
    kinds |= {"s": {"string_param": "x"}, "d": {"double_param": 0.5}}
    request = messages.ModelInferRequest(id="7")
    for name, value in kinds.items():
        request.parameters[name].MergeFrom(messages.InferParameter(**value))  # type: ignore[arg-type]  # by name
    read = read_request(request)
    assert read.id == "7"
    assert read.parameters == {"b": True, "i": 1, "u": 2**64 - 1, "s": "x", "d": 0.5}
    written = write_response(InferResponse("m", (), parameters=read.parameters), is_raw=True)
    assert written.parameters == request.parameters


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: m.raw_input_contents.append(b""),
            "has 2 raw_input_contents; expected 1, one for each input, or none",
        ),
        (
            lambda m: m.inputs[0].contents.fp32_contents.append(1),
            'input "x" has contents beside raw_input_contents; expected one of them',
        ),
        (lambda m: m.inputs[0].ClearField("name"), "inputs[0] has no name; expected a string that is not empty"),
        (
            lambda m: m.inputs[0].shape.append(-1),
            'input "x": shape[1] is the number -1; expected a whole number from 0',
        ),
        (lambda m: m.inputs[0].shape.append(2), 'input "x": raw contents has 8 bytes; expected 16 for FP32 [2, 2]'),
        (lambda m: m.parameters["p"].Clear(), 'the request: parameters."p" has no value; expected a string, a number'),
        (lambda m: m.outputs.add(), "outputs[0] has no name; expected a string that is not empty"),
    ],
)
def test_a_malformed_message_is_told_what_was_expected(change: Callable[[Any], object], message: str) -> None:
    request = messages.ModelInferRequest(raw_input_contents=[TWO])
    request.inputs.add(**FP32)
    change(request)
    with pytest.raises(ProtocolError) as caught:
        read_request(request)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("datatype", "contents", "message"),
    [
        ("FP32", CONTENTS(int64_contents=[1, 2]), "contents has int64_contents; expected fp32_contents for FP32"),
        ("FP32", CONTENTS(fp32_contents=[1]), "contents has 1 elements; expected 2 for the shape [2]"),
        ("FP32", CONTENTS(), "contents has 0 elements; expected 2 for the shape [2]"),
        ("INT8", CONTENTS(int_contents=[1, 128]), "contents[1] is 128; expected a number within the range of INT8"),
        ("UINT16", CONTENTS(uint_contents=[65536, 1]), "contents[0] is 65536; expected a number within the range of"),
        ("FP16", CONTENTS(), "contents is FP16, which has no field; expected raw_input_contents"),
        ("FP8", CONTENTS(), 'contents has the unknown datatype "FP8"; expected one of BOOL, '),
    ],
)
def test_typed_contents_that_do_not_fit_are_told_what_was_expected(datatype: str, contents: Any, message: str) -> None:
    request = messages.ModelInferRequest()
    request.inputs.add(name="x", datatype=datatype, shape=[2], contents=contents)
    with pytest.raises(ProtocolError) as caught:
        read_request(request)
    assert message in str(caught.value)


def test_what_is_generated_is_what_the_protocol_file_says(tmp_path: Path) -> None:
    room = Path(open_inference.grpc_messages.__path__[0])
    outputs = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    assert protoc.main(["protoc", f"--proto_path={room}", *outputs, "open_inference.proto"]) == 0
    for generated in tmp_path.iterdir():
        committed = (room / "generated" / generated.name).read_text()
        assert generated.read_text() == committed, "run `make grpc-messages`"
