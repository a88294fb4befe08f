"""What a served model asks of whatever runs its graph."""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray


class InferenceEngine(Protocol):
    """A graph that is loaded and can be run, from several threads at once."""

    def inputs(self) -> Mapping[str, str]:
        """The V2 datatype of each input, by name. Raises ModelNotUsable for one that V2 has no word for."""

    def outputs(self) -> Mapping[str, str]:
        """The V2 datatype of each output, by name. Raises ModelNotUsable for one that V2 has no word for."""

    def properties(self) -> Mapping[str, str]:
        """What was written into the model file beside the graph (ONNX: metadata_props)."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """All outputs for all inputs, by name; arrays of the datatypes above, rows first.

        Raises InferenceFailed. Can be repeated: the same inputs give the same outputs.
        """
