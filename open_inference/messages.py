"""The two messages of an inference, and their JSON bytes.

`from_json` checks everything that the protocol alone can know; whether a model takes such a tensor is the model's
affair. What is not given stays away: no field is ever null, and no empty `parameters` or `outputs` are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

from open_inference.json_object import JsonObject, Parameters, parse_json
from open_inference.tensor import Tensor


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """An output that a request asks for by name."""

    name: str
    parameters: Parameters = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The output for orjson."""
        return _without_empty({"name": self.name, "parameters": self.parameters})


@dataclass(frozen=True, slots=True, eq=False)
class InferRequest:
    """What a client asks of a model, whose name and version stand in the URL."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[RequestedOutput, ...] = ()
    """Outputs in the order asked for; all of the model's where there are none."""
    id: str | None = None
    parameters: Parameters = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a request's body. Raises ProtocolError, and nothing else, whatever the bytes are."""
        message = JsonObject(parse_json(content), "the request")
        return cls(
            inputs=tuple(Tensor.from_json(value, "input") for value in message.objects("inputs")),
            outputs=tuple(
                RequestedOutput(value.text("name"), value.parameters()) for value in message.optional_objects("outputs")
            ),
            id=message.optional_text("id"),
            parameters=message.parameters(),
        )

    def to_json(self) -> bytes:
        """The request's body. Raises TensorMismatch for BYTES that JSON cannot carry."""
        fields = {
            "id": self.id,
            "parameters": self.parameters,
            "outputs": [output.to_json() for output in self.outputs],
        }
        inputs = [tensor.to_json() for tensor in self.inputs]
        return orjson.dumps({**_without_empty(fields), "inputs": inputs}, option=orjson.OPT_SERIALIZE_NUMPY)


@dataclass(frozen=True, slots=True, eq=False)
class InferResponse:
    """What a model answers; `parameters` say which revision and which bundle it was."""

    model_name: str
    outputs: tuple[Tensor, ...]
    model_version: str | None = None
    id: str | None = None
    parameters: Parameters = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a response's body. Raises ProtocolError, and nothing else, whatever the bytes are."""
        message = JsonObject(parse_json(content), "the response")
        return cls(
            model_name=message.text("model_name"),
            outputs=tuple(Tensor.from_json(value, "output") for value in message.objects("outputs")),
            model_version=message.optional_text("model_version"),
            id=message.optional_text("id"),
            parameters=message.parameters(),
        )

    def to_json(self) -> bytes:
        """The response's body. Raises TensorMismatch for BYTES that JSON cannot carry."""
        fields = {
            "model_name": self.model_name,
            "model_version": self.model_version,
            "id": self.id,
            "parameters": self.parameters,
        }
        outputs = [tensor.to_json() for tensor in self.outputs]
        return orjson.dumps({**_without_empty(fields), "outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)

    def output(self, name: str) -> Tensor:
        """The output of that name. Raises KeyError."""
        for tensor in self.outputs:
            if tensor.name == name:
                return tensor
        raise KeyError(name)


def _without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value not in ({}, [])}
