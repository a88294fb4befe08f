"""That a peer answers what the model does, before anything is measured."""

from typing import Any

import grpc
import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.errors import WrongAnswer
from benchmarks.model import Answer
from benchmarks.payloads import Payload
from benchmarks.peers import G1
from benchmarks.process import Server
from open_inference.grpc_messages.generated.open_inference_pb2 import ModelInferResponse

_FRAME_BYTES = 5
_METHOD = "/inference.GRPCInferenceService/ModelInfer"
_CLOSE = 1e-4  # frameworks write FP32 with other last digits


def check_answer(server: Server, payload: Payload, expected: Answer) -> None:
    """Raises WrongAnswer where labels of the answer to `payload` differ from `expected`, or probabilities are far."""
    place = f"{server.peer.name}, {payload.scenario}"
    try:
        labels, probabilities = _ask_grpc(server, payload) if payload.scenario == G1 else _ask_http(server, payload)
        labels, probabilities = labels.reshape(-1), probabilities.reshape(len(labels), -1)
    except (OSError, LookupError, ValueError, TypeError, grpc.RpcError) as error:
        raise WrongAnswer(f"{place}: the answer cannot be read: {' '.join(str(error).split())[:200]}") from error
    if not np.array_equal(labels, expected.labels):
        raise WrongAnswer(f"{place}: the labels are {labels.tolist()}; expected {expected.labels.tolist()}")
    if probabilities.shape != expected.probabilities.shape or not np.allclose(
        probabilities, expected.probabilities, rtol=0, atol=_CLOSE
    ):
        raise WrongAnswer(f"{place}: the probabilities differ from the model's by more than {_CLOSE}")


def _ask_http(server: Server, payload: Payload) -> tuple[NDArray[Any], NDArray[Any]]:
    status, content = server.ask(payload)
    if status != 200:
        raise ValueError(f"{status} {content[:100]!r}")
    outputs = {output["name"]: output["data"] for output in orjson.loads(content)["outputs"]}
    return np.array(outputs["label"]), np.array(outputs["probabilities"])


def _ask_grpc(server: Server, payload: Payload) -> tuple[NDArray[Any], NDArray[Any]]:
    with grpc.insecure_channel(f"127.0.0.1:{server.ports.grpc}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_METHOD)
        answered = call(payload.body[_FRAME_BYTES:], timeout=10, wait_for_ready=True)
    message = ModelInferResponse.FromString(answered)
    found: dict[str, NDArray[Any]] = {}
    for index, output in enumerate(message.outputs):
        if message.raw_output_contents:
            dtype = np.int64 if output.datatype == "INT64" else np.float32
            found[output.name] = np.frombuffer(message.raw_output_contents[index], dtype)
        else:
            found[output.name] = np.array(output.contents.int64_contents or output.contents.fp32_contents)
    return found["label"], found["probabilities"]
