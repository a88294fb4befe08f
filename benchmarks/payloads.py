"""What is sent: the same rows in each form, as a file for the load generators."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.model import NAME
from benchmarks.peers import B1, G1, J1, J32
from open_inference import InferRequest, Tensor
from open_inference.binary_body import JSON_SIZE_HEADER
from open_inference.grpc_messages.generated.open_inference_pb2 import ModelInferRequest

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Payload:
    """A body with its headers, and how many connections send it at the same time."""

    scenario: str
    body: bytes
    headers: Mapping[str, str]
    connections: int

    def write(self, directory: Path) -> Path:
        """The body as a file."""
        path = directory / f"{self.scenario}.body"
        path.write_bytes(self.body)
        return path


def make_payloads(rows: NDArray[np.float32]) -> dict[str, Payload]:
    """One payload a scenario, from (32 or more, features)."""
    one, many = rows[:1], rows[:32]
    binary, json_size = _request(one).to_binary()
    octets = {"Content-Type": "application/octet-stream", JSON_SIZE_HEADER: str(json_size)}
    grpc = {"content-type": "application/grpc", "te": "trailers"}
    payloads = (
        Payload(J1, _request(one).to_json(), _JSON, connections=64),
        Payload(B1, binary, octets, connections=64),
        Payload(J32, _request(many).to_json(), _JSON, connections=16),
        Payload(G1, frame(_grpc_request(one)), grpc, connections=32),
    )
    return {payload.scenario: payload for payload in payloads}


def frame(message: bytes) -> bytes:
    """A message as gRPC puts it into HTTP/2: a byte for `not compressed`, and its length."""
    return struct.pack(">BI", 0, len(message)) + message


def _request(rows: NDArray[np.float32]) -> InferRequest:
    return InferRequest(inputs=(Tensor.of("features", rows),))


def _grpc_request(rows: NDArray[np.float32]) -> bytes:
    tensor = ModelInferRequest.InferInputTensor(name="features", datatype="FP32", shape=rows.shape)
    message = ModelInferRequest(model_name=NAME, inputs=[tensor], raw_input_contents=[rows.tobytes()])
    return message.SerializeToString()
