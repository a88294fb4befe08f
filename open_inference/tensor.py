"""A named tensor, as it stands in a V2 request or response."""

from dataclasses import dataclass, field
from typing import Any, Literal, Self

from numpy.typing import NDArray

from open_inference.datatypes import datatype_of, dtype_of
from open_inference.errors import TensorMismatch
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
    def from_json(cls, value: JsonObject, role: Literal["input", "output"]) -> Self:
        """Read one element of a message's `inputs` or `outputs`. Raises ProtocolError, whose text names the tensor."""
        name = value.text("name")
        named = value.called(f"{role} {quote(name)}")
        datatype, shape = named.text("datatype"), named.shape("shape")
        data = decode_data(named.get("data", "the tensor's elements"), datatype, shape, f"{named.place}: data")
        return cls(name, datatype, shape, data, named.parameters())

    def to_json(self) -> dict[str, Any]:
        """The tensor for orjson with OPT_SERIALIZE_NUMPY. Raises TensorMismatch for BYTES that JSON cannot carry."""
        fields: dict[str, Any] = {"name": self.name, "datatype": self.datatype, "shape": self.shape}
        if self.parameters:
            fields["parameters"] = self.parameters
        return {**fields, "data": encode_data(self.data, f"the tensor {quote(self.name)}: data")}
