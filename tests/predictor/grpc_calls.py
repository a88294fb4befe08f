"""Calls of the inference service as a client makes them, from the service's own descriptor."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.message_factory import GetMessageClass
from numpy.typing import NDArray

from open_inference.grpc_messages.generated import open_inference_pb2 as messages

DEADLINE_SECONDS = 30.0
_SERVICE = messages.DESCRIPTOR.services_by_name["GRPCInferenceService"]


class InferenceStub:
    """`stub("ModelInfer", request)` is the answer; grpc.RpcError where there is none."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel

    def __call__(self, method: str, request: Any = None, **options: Any) -> Any:
        return self.call(method, request, **options)[0]

    def call(self, method: str, request: Any = None, **options: Any) -> tuple[Any, Any]:
        """The answer, and the call with its metadata."""
        future = self.begin(method, request, **options)
        return future.result(), future

    def begin(self, method: str, request: Any = None, *, timeout: float = DEADLINE_SECONDS, **options: Any) -> Any:
        """The call, which is under way."""
        described = _SERVICE.methods_by_name[method]
        send: Any = self.channel.unary_unary(
            f"/{_SERVICE.full_name}/{method}", response_deserializer=GetMessageClass(described.output_type).FromString
        )
        if request is None:
            request = GetMessageClass(described.input_type)()
        content = request if isinstance(request, bytes) else request.SerializeToString()
        return send.future(content, timeout=timeout, **options)


@contextmanager
def inference_stub(address: str) -> Iterator[InferenceStub]:
    """A stub, until the `with` ends."""
    with grpc.insecure_channel(address, options=(("grpc.max_receive_message_length", -1),)) as channel:
        yield InferenceStub(channel)


def infer_message(array: NDArray[Any], *, is_raw: bool = True, model: str = "digits", **fields: Any) -> Any:
    """A request with the FP32 `array` as the input `features`."""
    message = messages.ModelInferRequest(model_name=model, **fields)
    tensor = message.inputs.add(name="features", datatype="FP32", shape=array.shape)
    if is_raw:
        message.raw_input_contents.append(array.astype(np.float32).tobytes())
    else:
        tensor.contents.fp32_contents.extend(array.ravel().tolist())
    return message


def refusal(stub: InferenceStub, method: str, request: Any = None) -> tuple[str, str]:
    """The code and the text of a call that is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        stub(method, request)
    error: Any = caught.value
    return error.code().name, error.details()
