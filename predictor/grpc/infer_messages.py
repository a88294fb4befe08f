"""ModelInfer's messages, between protobuf and ours: the checks that JSON goes through, with the same words."""

from collections.abc import Mapping

from open_inference import InferRequest, InferResponse, MalformedMessage, Parameters, RequestedOutput, Tensor
from open_inference.binary_data import decode_binary
from open_inference.json_object import check_shape, quote
from predictor.grpc.contents import have_field, read_contents, write_contents
from predictor.grpc.generated.open_inference_pb2 import InferParameter, ModelInferRequest, ModelInferResponse


def read_request(message: ModelInferRequest) -> InferRequest:
    """The request. Raises ProtocolError, and nothing else."""
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        found = f"the request has {len(raw)} raw_input_contents"
        raise MalformedMessage(found, f"{len(message.inputs)}, one for each input, or none")
    return InferRequest(
        inputs=tuple(
            _read_tensor(value, f"inputs[{index}]", raw[index] if raw else None)
            for index, value in enumerate(message.inputs)
        ),
        outputs=tuple(
            RequestedOutput(
                _check_name(value.name, f"outputs[{index}]"), _read_parameters(value.parameters, f"outputs[{index}]")
            )
            for index, value in enumerate(message.outputs)
        ),
        id=message.id or None,
        parameters=_read_parameters(message.parameters, "the request"),
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


def _read_tensor(value: ModelInferRequest.InferInputTensor, place: str, raw: bytes | None) -> Tensor:
    place = f"input {quote(_check_name(value.name, place))}"
    shape = check_shape(list(value.shape), f"{place}: shape")
    parameters = _read_parameters(value.parameters, place)
    if raw is None:
        data = read_contents(value.contents, value.datatype, shape, f"{place}: contents")
    elif value.HasField("contents"):
        raise MalformedMessage(f"{place} has contents beside raw_input_contents", "one of them")
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
