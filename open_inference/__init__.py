"""The V2 (Open Inference) protocol: tensors, messages, and their bytes.

    datatypes.py        V2's datatypes and numpy's dtypes; bfloat16.py the one that numpy lacks
    json_data.py        the `data` of a tensor, between JSON values and an ndarray
    binary_data.py      the same as bytes: binary tensor data, and gRPC's raw contents
    json_object.py      fields of a JSON object, checked as they are read
    binary_body.py      JSON with binary data behind it
    tensor.py           a named tensor
    messages.py         InferRequest and InferResponse
    classification.py   the best classes instead of all numbers
    metadata.py         what a server and a model say of themselves
    grpc_messages/      gRPC's messages, generated from open_inference.proto, and ours made of them

A predictor reads requests and writes responses with it; whoever asks a predictor writes requests and reads responses
with it, so both sides agree by construction. A leaf: it imports nothing of ours, and no framework; protobuf is known to
grpc_messages alone, which whoever speaks gRPC imports.
"""

from open_inference.datatypes import DATATYPES
from open_inference.errors import MalformedMessage, ProtocolError, TensorMismatch
from open_inference.json_object import Parameters
from open_inference.messages import InferRequest, InferResponse, RequestedOutput
from open_inference.metadata import ModelMetadata, ServerMetadata, TensorMetadata
from open_inference.tensor import Tensor

__all__ = [
    "DATATYPES",
    "InferRequest",
    "InferResponse",
    "MalformedMessage",
    "ModelMetadata",
    "Parameters",
    "ProtocolError",
    "RequestedOutput",
    "ServerMetadata",
    "Tensor",
    "TensorMetadata",
    "TensorMismatch",
]
