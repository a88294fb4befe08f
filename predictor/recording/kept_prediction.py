"""A single prediction as it is kept: cut and copied as it is handed over, which bounds the memory that it holds."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from open_inference import Tensor
from predictor.recording.chunk import Chunk
from predictor.recording.prediction_recorder import Prediction
from predictor.recording.record import KeptTensor, size_of
from predictor.recording.recorded_run import names_of, numbers_of

_OVERHEAD_BYTES = 1024  # of the objects around the numbers


@dataclass(frozen=True, slots=True, eq=False)
class KeptPrediction:
    """What is kept of a prediction: all rows, or the first ones."""

    prediction: Prediction
    inputs: tuple[KeptTensor, ...]
    outputs: tuple[KeptTensor, ...]
    class_indices: NDArray[np.int64]
    """(kept rows,)."""
    probabilities: NDArray[np.float32]
    """(kept rows,): of those classes."""
    numbers: NDArray[Any]
    """(kept rows,): what a regression predicted."""
    is_cut: bool
    size_bytes: int
    """About what it takes in memory."""

    @classmethod
    def cut(cls, prediction: Prediction, limit_bytes: int) -> Self:
        """Copy as many rows of `prediction` as have about `limit_bytes` in its inputs and outputs."""
        request, inference = prediction.request, prediction.inference
        size = sum(size_of(tensor.data) for tensor in (*request.inputs, *inference.outputs))
        is_cut = size > limit_bytes
        if not is_cut:
            indices, numbers = inference.class_indices, inference.numbers
            inputs, outputs = tuple(map(_copy, request.inputs)), tuple(map(_copy, inference.outputs))
        else:
            share = limit_bytes / size
            inputs = tuple(_first(tensor, share, limit_bytes) for tensor in request.inputs)
            outputs = tuple(_first(tensor, share, limit_bytes) for tensor in inference.outputs)
            indices = inference.class_indices[: int(len(inference.class_indices) * share)]
            numbers = inference.numbers[: int(len(inference.numbers) * share)]
            size = sum(size_of(tensor.data) for tensor in (*inputs, *outputs))
        return cls(
            prediction,
            inputs,
            outputs,
            indices.copy(),
            inference.probabilities[np.arange(len(indices)), indices],
            numbers.copy(),
            is_cut,
            size + _OVERHEAD_BYTES,
        )

    @property
    def records(self) -> int:
        """Of one request."""
        return 1

    def to_chunk(self, process: str, number: int) -> Chunk:
        """The chunk of this alone. Raises TypeError for texts that could never be written."""
        said = self.prediction
        own_id = orjson.dumps(said.request.id).decode() if said.request.id else ""
        outputs = [tensor.name for tensor in self.outputs]
        part = said.request_id, own_id, said.client, said.door, 0, said.rows, outputs
        return Chunk(
            process,
            number,
            names_of(said.inference.identity),
            said.transport,
            said.time_ns,
            self.inputs,
            self.outputs,
            [said.classes[index] for index in self.class_indices.tolist()],
            numbers_of(self.class_indices),
            numbers_of(self.probabilities),
            numbers_of(self.numbers),
            [(said.seconds, part)],
            is_shared=False,
            is_cut=self.is_cut,
        )


def _copy(tensor: Tensor) -> KeptTensor:
    """It may be a view of one row of a body of 16 MiB."""
    return KeptTensor(tensor.name, tensor.datatype, tensor.data.copy())


def _first(tensor: Tensor, share: float, limit_bytes: int) -> KeptTensor:
    """The first `share` of the tensor along its first axis, copied; nothing of it where that is over the limit."""
    data = tensor.data[: int(len(tensor.data) * share)] if tensor.data.ndim else tensor.data
    if size_of(data) > limit_bytes:  # texts, of which the first ones are the long ones
        data = data[:0]
    return KeptTensor(tensor.name, tensor.datatype, data.copy())
