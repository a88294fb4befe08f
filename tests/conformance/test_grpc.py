"""The protocol over gRPC, row by row, with the answers and the errors of REST."""

from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from open_inference import InferRequest, InferResponse, ModelMetadata
from open_inference.binary_data import decode_binary
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from tests.conformance.conftest import Target
from tests.predictor.grpc_calls import InferenceStub

Message = messages.ModelInferRequest
_TYPED = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""The field of each datatype that has one."""


def to_message(request: InferRequest, model: str) -> Message:
    message = Message(model_name=model, id=request.id or "")
    for tensor in request.inputs:
        message.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        message.raw_input_contents.append(tensor.to_bytes())
    return message


@pytest.fixture
def message(request_of_ones: InferRequest, target: Target) -> Message:
    return to_message(request_of_ones, target.model)


def code_of(stub: InferenceStub, method: str, request: Any) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        stub(method, request)
    error: Any = caught.value
    assert error.details()
    assert "Traceback" not in error.details()
    return str(error.code().name)


def test_the_server_is_live_and_ready(stub: InferenceStub, target: Target) -> None:
    assert stub("ServerLive").live
    assert stub("ServerReady").ready
    assert stub("ModelReady", messages.ModelReadyRequest(name=target.model)).ready


def test_health_is_told_to_those_who_know_grpc_alone(stub: InferenceStub) -> None:
    answer = health_pb2_grpc.HealthStub(stub.channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_metadata_is_that_of_rest(stub: InferenceStub, metadata: ModelMetadata, extensions: set[str]) -> None:
    assert set(stub("ServerMetadata").extensions) == extensions
    for version in ("", *metadata.versions):
        said = stub("ModelMetadata", messages.ModelMetadataRequest(name=metadata.name, version=version))
        assert (said.name, tuple(said.versions), said.platform) == (
            metadata.name,
            metadata.versions,
            metadata.platform,
        )
        for ours, theirs in zip([*said.inputs, *said.outputs], [*metadata.inputs, *metadata.outputs], strict=True):
            assert (ours.name, ours.datatype, tuple(ours.shape)) == (theirs.name, theirs.datatype, theirs.shape)


def test_a_raw_answer_is_that_of_rest(
    stub: InferenceStub, client: httpx.Client, target: Target, request_of_ones: InferRequest, message: Message
) -> None:
    body = client.post(f"/v2/models/{target.model}/infer", content=request_of_ones.to_json()).content
    expected = InferResponse.from_json(body)
    answer = stub("ModelInfer", message)
    assert (answer.id, answer.model_name, answer.model_version) == (
        expected.id,
        expected.model_name,
        expected.model_version,
    )
    for output, raw in zip(answer.outputs, answer.raw_output_contents, strict=True):
        data = decode_binary(raw, output.datatype, output.shape, output.name)
        np.testing.assert_array_equal(data, expected.output(output.name).data)


def test_typed_contents_have_the_answer_of_raw_ones(
    stub: InferenceStub, request_of_ones: InferRequest, message: Message
) -> None:
    typed = Message.FromString(message.SerializeToString())
    del typed.raw_input_contents[:]
    if not all(tensor.datatype in _TYPED for tensor in request_of_ones.inputs):
        assert code_of(stub, "ModelInfer", typed) == "INVALID_ARGUMENT"  # there is no field for FP16 and BF16
        return
    for part, tensor in zip(typed.inputs, request_of_ones.inputs, strict=True):
        getattr(part.contents, _TYPED[tensor.datatype]).extend(tensor.data.ravel().tolist())
    raw, answer = stub("ModelInfer", message), stub("ModelInfer", typed)
    for output, expected, content in zip(answer.outputs, raw.outputs, raw.raw_output_contents, strict=True):
        assert (output.name, output.datatype, output.shape) == (expected.name, expected.datatype, expected.shape)
        data = decode_binary(content, expected.datatype, expected.shape, expected.name).ravel().tolist()
        if output.datatype in _TYPED and not answer.raw_output_contents:
            assert list(getattr(output.contents, _TYPED[output.datatype])) == data


def test_outputs_come_as_they_are_asked_for(stub: InferenceStub, message: Message, metadata: ModelMetadata) -> None:
    for part in metadata.outputs:
        del message.outputs[:]
        message.outputs.add(name=part.name)
        assert [output.name for output in stub("ModelInfer", message).outputs] == [part.name]


def test_statistics_configuration_and_index_are_told(stub: InferenceStub, target: Target, extensions: set[str]) -> None:
    if "model_configuration" in extensions:
        assert stub("ModelConfig", messages.ModelConfigRequest(name=target.model)).config.name == target.model
    if "statistics" in extensions:
        (model,) = stub("ModelStatistics", messages.ModelStatisticsRequest(name=target.model)).model_stats
        assert model.name == target.model
    assert target.model in {model.name for model in stub("RepositoryIndex").models}


def test_a_model_is_unloaded_and_loaded_where_that_is_advertised(
    stub: InferenceStub, target: Target, message: Message, extensions: set[str]
) -> None:
    load = messages.RepositoryModelLoadRequest(model_name=target.model)
    if "model_repository" not in extensions:
        assert code_of(stub, "RepositoryModelLoad", load) != "OK"
        return
    try:
        stub("RepositoryModelUnload", messages.RepositoryModelUnloadRequest(model_name=target.model))
        assert code_of(stub, "ModelInfer", message) in {"NOT_FOUND", "UNAVAILABLE"}
    finally:
        stub("RepositoryModelLoad", load)
    assert stub("ModelInfer", message).model_name == target.model
    unknown = messages.RepositoryModelLoadRequest(model_name="of-no-interest")
    assert code_of(stub, "RepositoryModelLoad", unknown) in {"NOT_FOUND", "INVALID_ARGUMENT", "INTERNAL"}


def test_a_wrong_request_is_an_invalid_argument(stub: InferenceStub, target: Target, message: Message) -> None:
    unknown, reshaped, too_few, retyped, doubled, output = (
        Message.FromString(message.SerializeToString()) for _ in range(6)
    )
    unknown.inputs[0].name = "of no interest"
    reshaped.inputs[0].shape.append(1)
    too_few.raw_input_contents[0] = too_few.raw_input_contents[0][1:]
    retyped.inputs[0].datatype = "FLOAT"
    doubled.raw_input_contents.append(b"")
    output.outputs.add(name="of no interest")
    for wrong in (unknown, reshaped, too_few, retyped, doubled, output, Message(model_name=target.model), b"\xff"):
        assert code_of(stub, "ModelInfer", wrong) == "INVALID_ARGUMENT"


def test_an_unknown_model_or_version_is_not_found(stub: InferenceStub, target: Target, message: Message) -> None:
    for name, version in (("of-no-interest", ""), (target.model, "999999")):
        message.model_name, message.model_version = name, version
        assert code_of(stub, "ModelInfer", message) == "NOT_FOUND"
        assert code_of(stub, "ModelMetadata", messages.ModelMetadataRequest(name=name, version=version)) == "NOT_FOUND"
        assert code_of(stub, "ModelReady", messages.ModelReadyRequest(name=name, version=version)) == "NOT_FOUND"


def test_a_message_over_the_limit_is_resource_exhausted(stub: InferenceStub, target: Target) -> None:
    large = Message(model_name=target.model, raw_input_contents=[bytes(16 * 2**20)])
    assert code_of(stub, "ModelInfer", large) == "RESOURCE_EXHAUSTED"
