"""The two messages of an inference, and their bytes: JSON, or JSON with binary data behind it.

`from_json` checks everything that the protocol alone can know; whether a model takes such a tensor is the model's
affair. What is not given stays away: no field is ever null, and no empty `parameters` or `outputs` are written.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

from open_inference.binary_body import BinaryParts, join
from open_inference.errors import MalformedMessage
from open_inference.json_object import JsonObject, Parameters, describe, parse_json, quote
from open_inference.tensor import Tensor


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """An output that a request asks for by name."""

    name: str
    parameters: Parameters = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The output for orjson."""
        return _without_empty({"name": self.name, "parameters": self.parameters})

    def classification(self) -> int | None:
        """How many classes are asked for instead of the output's numbers, if any are. Raises MalformedMessage."""
        count = self.parameters.get("classification")
        if count is None or (type(count) is int and count > 0):
            return count
        found = f"the output {quote(self.name)}: classification is {describe(count)}"
        raise MalformedMessage(found, "a number of classes, 1 or more")


@dataclass(frozen=True, slots=True, eq=False)
class InferRequest:
    """What a client asks of a model, whose name and version stand in the URL."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[RequestedOutput, ...] = ()
    """Outputs in the order asked for; all of the model's where there are none."""
    id: str | None = None
    parameters: Parameters = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: bytes, json_size: int | None = None) -> Self:
        """Read a request's body; `json_size` of its bytes are JSON, or all of them.

        Raises ProtocolError, and nothing else, whatever the bytes are.
        """
        json, binary = BinaryParts.split(content, json_size)
        message = JsonObject(parse_json(json), "the request")
        inputs = tuple(Tensor.from_json(value, "input", binary) for value in message.objects("inputs"))
        if binary is not None:
            binary.check_end()
        return cls(
            inputs=inputs,
            outputs=tuple(
                RequestedOutput(value.text("name"), value.parameters()) for value in message.optional_objects("outputs")
            ),
            id=message.optional_text("id"),
            parameters=message.parameters(),
        )

    def to_json(self) -> bytes:
        """The request's body. Raises TensorMismatch for BYTES that JSON cannot carry."""
        return _write(self._head(), "inputs", self.inputs)[0]

    def to_binary(self) -> tuple[bytes, int]:
        """The body with every tensor's data behind the JSON, and the size of the JSON."""
        return _write(self._head(), "inputs", self.inputs, [tensor.name for tensor in self.inputs])

    def binary_outputs(self, names: Collection[str]) -> frozenset[str]:
        """Those of the outputs `names` that are to be answered as binary data. Raises MalformedMessage."""
        if not self.outputs and not self.parameters:
            return frozenset()
        default = _boolean(self.parameters, "binary_data_output", "the request", default=False)
        asked = {
            output.name: _boolean(output.parameters, "binary_data", f"output {quote(output.name)}", default=default)
            for output in self.outputs
        }
        return frozenset(name for name in names if asked.get(name, default))

    def _head(self) -> dict[str, Any]:
        outputs = [output.to_json() for output in self.outputs]
        return {"id": self.id, "parameters": self.parameters, "outputs": outputs}


@dataclass(frozen=True, slots=True, eq=False)
class InferResponse:
    """What a model answers; `parameters` say which revision and which bundle it was."""

    model_name: str
    outputs: tuple[Tensor, ...]
    model_version: str | None = None
    id: str | None = None
    parameters: Parameters = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: bytes, json_size: int | None = None) -> Self:
        """Read a response's body; `json_size` of its bytes are JSON, or all of them.

        Raises ProtocolError, and nothing else, whatever the bytes are.
        """
        json, binary = BinaryParts.split(content, json_size)
        message = JsonObject(parse_json(json), "the response")
        outputs = tuple(Tensor.from_json(value, "output", binary) for value in message.objects("outputs"))
        if binary is not None:
            binary.check_end()
        return cls(
            model_name=message.text("model_name"),
            outputs=outputs,
            model_version=message.optional_text("model_version"),
            id=message.optional_text("id"),
            parameters=message.parameters(),
        )

    def to_json(self) -> bytes:
        """The response's body. Raises TensorMismatch for BYTES that JSON cannot carry."""
        return _write(self._head(), "outputs", self.outputs)[0]

    def to_binary(self, names: Collection[str]) -> tuple[bytes, int]:
        """The body with the data of the outputs `names` behind the JSON, and the size of the JSON.

        Raises TensorMismatch for BYTES in the others that JSON cannot carry.
        """
        return _write(self._head(), "outputs", self.outputs, names)

    def output(self, name: str) -> Tensor:
        """The output of that name. Raises KeyError."""
        for tensor in self.outputs:
            if tensor.name == name:
                return tensor
        raise KeyError(name)

    def _head(self) -> dict[str, Any]:
        return {
            "model_name": self.model_name,
            "model_version": self.model_version,
            "id": self.id,
            "parameters": self.parameters,
        }


def _write(
    head: Mapping[str, Any], role: str, tensors: tuple[Tensor, ...], binary: Collection[str] = ()
) -> tuple[bytes, int]:
    fields, parts = [], []
    for tensor in tensors:
        if tensor.name in binary:
            field, part = tensor.to_binary()
            fields.append(field)
            parts.append(part)
        else:
            fields.append(tensor.to_json())
    return join(orjson.dumps({**_without_empty(head), role: fields}, option=orjson.OPT_SERIALIZE_NUMPY), parts)


def _boolean(parameters: Parameters, name: str, place: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise MalformedMessage(f"{place}: {name} is {describe(value)}", "true or false")
    return value


def _without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value not in ({}, [])}
