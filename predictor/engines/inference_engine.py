"""What a served model asks of whatever runs its graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from bundle import TensorSignature


@dataclass(frozen=True, slots=True)
class GraphTensor:
    """An input or an output as the graph states it."""

    name: str
    datatype: str
    """V2's word for it."""
    shape: tuple[int | str, ...]
    """Sizes; a text where a request chooses: the size's name, equal wherever it stands, or nothing."""

    def signature(self) -> TensorSignature:
        """The same in V2's words."""
        sizes = tuple(size if isinstance(size, int) else -1 for size in self.shape)
        return TensorSignature(name=self.name, datatype=self.datatype, shape=sizes)


class InferenceEngine(Protocol):
    """A graph that is loaded and can be run, from several threads at once."""

    def inputs(self) -> Sequence[GraphTensor]:
        """The inputs that have to be given, in the graph's order."""

    def outputs(self) -> Sequence[GraphTensor]:
        """The outputs, in the graph's order."""

    def properties(self) -> Mapping[str, str]:
        """What was written into the model file beside the graph (ONNX: metadata_props)."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """All outputs for all inputs, by name; arrays of the datatypes above, BYTES as object arrays of `bytes`.

        BYTES have to be UTF-8. Raises InferenceFailed. Can be repeated: the same inputs give the same outputs.
        """
