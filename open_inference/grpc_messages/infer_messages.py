"""ModelInfer's messages, between protobuf and ours: the checks that JSON goes through, with the same words.

A server reads requests and writes responses, a client writes requests, always raw, and reads responses.
"""

from collections.abc import Mapping, Sequence

from open_inference import InferRequest, InferResponse, MalformedMessage, Parameters, RequestedOutput, Tensor
from open_inference.binary_data import decode_binary
from open_inference.grpc_messages.contents import have_field, read_contents, write_contents
from open_inference.grpc_messages.generated.open_inference_pb2 import (
    InferParameter,
    ModelInferRequest,
    ModelInferResponse,
)
from open_inference.json_object import check_shape, quote


def read_request(message: ModelInferRequest) -> InferRequest:
    """The request. Raises ProtocolError, and nothing else."""
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        found = f"the request has {len(raw)} raw_input_contents"
        raise MalformedMessage(found, f"{len(message.inputs)}, one for each input, or none")
    return InferRequest(
        inputs=_read_tensors(message.inputs, "input", raw),
        outputs=tuple(
            RequestedOutput(
                _check_name(value.name, f"outputs[{index}]"), _read_parameters(value.parameters, f"outputs[{index}]")
            )
            for index, value in enumerate(message.outputs)
        ),
        id=message.id or None,
        parameters=_read_parameters(message.parameters, "the request"),
    )


def write_request(request: InferRequest, model: str) -> ModelInferRequest:
    """The request to `model`, of whatever version is the highest there."""
    message = ModelInferRequest(model_name=model, id=request.id or "")
    _write_parameters(request.parameters, message.parameters)
    for tensor in request.inputs:
        written = message.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        _write_parameters(tensor.parameters, written.parameters)
        message.raw_input_contents.append(tensor.to_bytes())
    for output in request.outputs:
        _write_parameters(output.parameters, message.outputs.add(name=output.name).parameters)
    return message


def read_response(message: ModelInferResponse) -> InferResponse:
    """The response. Raises ProtocolError, and nothing else."""
    raw = message.raw_output_contents
    if raw and len(raw) != len(message.outputs):
        found = f"the response has {len(raw)} raw_output_contents"
        raise MalformedMessage(found, f"{len(message.outputs)}, one for each output, or none")
    return InferResponse(
        model_name=message.model_name,
        outputs=_read_tensors(message.outputs, "output", raw),
        model_version=message.model_version or None,
        id=message.id or None,
        parameters=_read_parameters(message.parameters, "the response"),
    )


def write_response(response: InferResponse, *, is_raw: bool) -> ModelInferResponse:
    """The response: raw where that is asked for, or where a datatype can be written in no other way."""
    is_raw = is_raw or not all(have_field(tensor.datatype) for tensor in response.outputs)
    message = ModelInferResponse(
        model_name=response.model_name, model_version=response.model_version or "", id=response.id or ""
    )
    _write_parameters(response.parameters, message.parameters)
    for tensor in response.outputs:
        output = message.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        _write_parameters(tensor.parameters, output.parameters)
        if is_raw:
            message.raw_output_contents.append(tensor.to_bytes())
        else:
            output.contents.CopyFrom(write_contents(tensor.data, tensor.datatype))
    return message


_TensorMessage = ModelInferRequest.InferInputTensor | ModelInferResponse.InferOutputTensor


def _read_tensors(values: Sequence[_TensorMessage], kind: str, raw: Sequence[bytes]) -> tuple[Tensor, ...]:
    """All tensors of one kind, `input` or `output`; `raw` has the content of each, or of none."""
    return tuple(
        _read_tensor(value, kind, f"{kind}s[{index}]", raw[index] if raw else None)
        for index, value in enumerate(values)
    )


def _read_tensor(value: _TensorMessage, kind: str, place: str, raw: bytes | None) -> Tensor:
    place = f"{kind} {quote(_check_name(value.name, place))}"
    shape = check_shape(list(value.shape), f"{place}: shape")
    parameters = _read_parameters(value.parameters, place)
    if raw is None:
        data = read_contents(value.contents, value.datatype, shape, f"{place}: contents")
    elif value.HasField("contents"):
        raise MalformedMessage(f"{place} has contents beside raw_{kind}_contents", "one of them")
    else:
        data = decode_binary(raw, value.datatype, shape, f"{place}: raw contents")
    return Tensor(value.name, value.datatype, shape, data, parameters)


def _check_name(name: str, place: str) -> str:
    if not name:
        raise MalformedMessage(f"{place} has no name", "a string that is not empty")
    return name


def _read_parameters(parameters: Mapping[str, InferParameter], place: str) -> Parameters:
    read: dict[str, str | int | float | bool] = {}
    for name, parameter in parameters.items():
        choice = parameter.WhichOneof("parameter_choice")
        if choice is None:
            expected = "a string, a number or a boolean"
            raise MalformedMessage(f"{place}: parameters.{quote(name)} has no value", expected)
        read[name] = getattr(parameter, choice)
    return read


def _write_parameters(parameters: Parameters, written: Mapping[str, InferParameter]) -> None:
    for name, value in parameters.items():
        match value:
            case bool():
                written[name].bool_param = value
            case int() if value >= 2**63:
                written[name].uint64_param = value
            case int():
                written[name].int64_param = value
            case float():
                written[name].double_param = value
            case str():
                written[name].string_param = value
