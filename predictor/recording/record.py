"""A prediction as it is kept: one line of JSON of schema 1, which docs/serving.md describes.

It is cut and copied as it is handed over, which takes microseconds and bounds the memory that it holds on to; it
becomes JSON later, in the recorder's own thread.
"""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from open_inference import Tensor, TensorMismatch
from predictor.recording.prediction_recorder import Prediction

SCHEMA = 1
_OVERHEAD_BYTES = 1024  # of the objects around the numbers
_ID_LENGTH = 128
_START = re.compile(rb'\{"schema":[0-9]+,"key":"([0-9a-z-]+)",')


class Record(NamedTuple):
    """A line, without its end, and the key that no other record has."""

    key: str
    content: bytes

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """The record that was kept as `line`, which is whole. Raises ValueError for a line that is none."""
        start = _START.match(line)
        if start is None or not line.endswith(b"}"):
            raise ValueError("the line is no record")
        return cls(start[1].decode(), line)


@dataclass(frozen=True, slots=True, eq=False)
class KeptPrediction:
    """What is kept of a prediction: all rows, or the first ones."""

    prediction: Prediction
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
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
        size = sum(_size_of(tensor.data) for tensor in (*request.inputs, *inference.outputs))
        share = min(1.0, limit_bytes / max(size, 1))
        inputs = tuple(_first(tensor, share, limit_bytes) for tensor in request.inputs)
        outputs = tuple(_first(tensor, share, limit_bytes) for tensor in inference.outputs)
        indices = inference.class_indices[: int(len(inference.class_indices) * share)].copy()
        return cls(
            prediction,
            inputs,
            outputs,
            indices,
            inference.probabilities[np.arange(len(indices)), indices],
            inference.numbers[: int(len(inference.numbers) * share)].copy(),
            share < 1,
            sum(_size_of(tensor.data) for tensor in (*inputs, *outputs)) + _OVERHEAD_BYTES,
        )

    def to_record(self, key: str) -> Record:
        """The line."""
        said, identity = self.prediction, self.prediction.inference.identity
        fields: dict[str, Any] = {
            "schema": SCHEMA,
            "key": key,
            "time": datetime.fromtimestamp(said.time_ns / 1e9, UTC).isoformat(timespec="microseconds"),
            "request_id": said.request_id,
            "model": identity.model,
            "version": identity.version,
            "revision": identity.revision,
            "bundle_digest": identity.bundle_digest,
            "transport": said.transport,
            "door": said.door,
            "seconds": round(said.seconds, 6),
            "rows": said.rows,
            "is_cut": self.is_cut,
            "inputs": [_describe(tensor) for tensor in self.inputs],
            "outputs": [_describe(tensor) for tensor in self.outputs],
        }
        if len(self.class_indices):
            fields["labels"] = [said.classes[index] for index in self.class_indices]
            fields |= {"indices": self.class_indices, "probabilities": self.probabilities}
        if len(self.numbers):
            fields["values"] = self.numbers
        if said.request.id:
            fields["id"] = said.request.id[:_ID_LENGTH]
        return Record(key, orjson.dumps(fields, option=orjson.OPT_SERIALIZE_NUMPY))


def _size_of(data: NDArray[Any]) -> int:
    return sum(map(len, data.ravel())) if data.dtype.kind == "O" else data.nbytes


def _first(tensor: Tensor, share: float, limit_bytes: int) -> Tensor:
    """The first `share` of the tensor along its first axis, copied; nothing of it where that is over the limit."""
    data = tensor.data[: int(len(tensor.data) * share)] if tensor.data.ndim else tensor.data
    if _size_of(data) > limit_bytes:  # texts, of which the first ones are the long ones
        data = data[:0]
    return Tensor(tensor.name, tensor.datatype, data.shape, data.copy())


def _describe(tensor: Tensor) -> dict[str, Any]:
    try:
        return tensor.to_json()
    except TensorMismatch:  # BYTES that are no text
        content = base64.b64encode(tensor.to_bytes()).decode()
        return {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape, "base64": content}
