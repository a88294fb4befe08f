"""A named tensor, as it stands in a V2 request or response."""

from dataclasses import dataclass, field
from typing import Any, Literal, Self

from numpy.typing import NDArray

from open_inference.binary_body import BINARY_DATA_SIZE, JSON_SIZE_HEADER, BinaryParts
from open_inference.binary_data import decode_binary, encode_binary
from open_inference.datatypes import datatype_of, dtype_of
from open_inference.errors import MalformedMessage, TensorMismatch
from open_inference.json_data import decode_data, encode_data
from open_inference.json_object import JsonObject, Parameters, quote


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor; `data` has the shape `shape` and the dtype of `datatype` (BYTES: an object array of `bytes`).

    Raises TensorMismatch when they differ. `Tensor.of(name, array)` takes both from the array.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: NDArray[Any]
    parameters: Parameters = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = dtype_of(self.datatype, f"the tensor {quote(self.name)}")
        if self.data.dtype != expected or self.data.shape != self.shape:
            found = f"the tensor {quote(self.name)} holds {self.data.dtype} {list(self.data.shape)}"
            raise TensorMismatch(found, f"{expected} {list(self.shape)}")

    @classmethod
    def of(cls, name: str, array: NDArray[Any]) -> Self:
        """The tensor that holds `array`. Raises TensorMismatch when V2 has no word for its dtype."""
        return cls(name, datatype_of(array.dtype, f"the tensor {quote(name)}"), array.shape, array)

    @classmethod
    def from_json(cls, value: JsonObject, role: Literal["input", "output"], binary: BinaryParts | None = None) -> Self:
        """Read one element of a message's `inputs` or `outputs`; `binary` is what follows the message's JSON.

        Raises ProtocolError, whose text names the tensor.
        """
        name = value.text("name")
        named = value.called(f"{role} {quote(name)}")
        datatype, shape, parameters = named.text("datatype"), named.shape("shape"), named.parameters()
        if BINARY_DATA_SIZE not in parameters:
            data = decode_data(named.get("data", "the tensor's elements"), datatype, shape, f"{named.place}: data")
            return cls(name, datatype, shape, data, parameters)
        part = _take_binary(named, parameters[BINARY_DATA_SIZE], binary)
        kept = {name: value for name, value in parameters.items() if name != BINARY_DATA_SIZE}
        return cls(name, datatype, shape, decode_binary(part, datatype, shape, f"{named.place}: binary data"), kept)

    def to_json(self) -> dict[str, Any]:
        """The tensor for orjson with OPT_SERIALIZE_NUMPY. Raises TensorMismatch for BYTES that JSON cannot carry."""
        return {**self._head(self.parameters), "data": encode_data(self.data, f"the tensor {quote(self.name)}: data")}

    def to_binary(self) -> tuple[dict[str, Any], bytes]:
        """The tensor for orjson without its data, and the data. Raises TensorMismatch for BYTES that are no `bytes`."""
        content = self.to_bytes()
        return self._head({**self.parameters, BINARY_DATA_SIZE: len(content)}), content

    def to_bytes(self) -> bytes:
        """The elements alone (binary_data.py). Raises TensorMismatch for BYTES that are no `bytes`."""
        return encode_binary(self.data, self.datatype, f"the tensor {quote(self.name)}: data")

    def _head(self, parameters: Parameters) -> dict[str, Any]:
        fields: dict[str, Any] = {"name": self.name, "datatype": self.datatype, "shape": self.shape}
        if parameters:
            fields["parameters"] = parameters
        return fields


def _take_binary(named: JsonObject, size: object, binary: BinaryParts | None) -> memoryview:
    if binary is None:
        raise MalformedMessage(f"{named.place} has {BINARY_DATA_SIZE}", f"it only with the header {JSON_SIZE_HEADER}")
    if named.has("data"):
        raise MalformedMessage(f"{named.place} has data and {BINARY_DATA_SIZE}", "one of them")
    return binary.take(size, named.place)
