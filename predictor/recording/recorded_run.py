"""A run of the model as it is kept: what several requests were answered from at once, and which rows are whose.

Whoever answers them keeps references alone: the run's arrays are nobody else's.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from open_inference import Tensor
from predictor.identity import ModelIdentity
from predictor.recording.chunk import Chunk, NotedRequest
from predictor.recording.record import KeptTensor, size_of
from predictor.served_model import Inference

_OVERHEAD_BYTES = 1024  # of the objects around the arrays
_REQUEST_BYTES = 512


@dataclass(slots=True, eq=False)
class RecordedRun:
    """A run, and those of its requests that were answered."""

    transport: str
    classes: tuple[str, ...]
    """Names by index."""
    asked: Tensor
    """The one input, with all rows."""
    inference: Inference
    requests: list[NotedRequest] = field(default_factory=list)
    time_ns: int = field(default_factory=time.time_ns)
    """When it was answered, since the epoch."""

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        arrays = sum(size_of(tensor.data) for tensor in (self.asked, *self.inference.outputs))
        return arrays + _OVERHEAD_BYTES + _REQUEST_BYTES * len(self.requests)

    @property
    def records(self) -> int:
        """How many requests it is of."""
        return len(self.requests)

    def split(self, requests: int) -> "Iterator[RecordedRun]":
        """The same run, of at most so many requests each."""
        for place in range(0, len(self.requests), requests):
            some = self.requests[place : place + requests]
            yield RecordedRun(self.transport, self.classes, self.asked, self.inference, some, self.time_ns)

    def to_chunk(self, process: str, first_number: int) -> Chunk:
        """The chunk whose records have these keys."""
        inference = self.inference
        indices = inference.class_indices
        chosen = inference.probabilities[np.arange(len(indices)), indices] if len(indices) else inference.numbers[:0]
        return Chunk(
            process,
            first_number,
            names_of(inference.identity),
            self.transport,
            self.time_ns,
            [_keep(self.asked)],
            [_keep(tensor) for tensor in inference.outputs],
            [self.classes[index] for index in indices.tolist()],
            numbers_of(indices),
            numbers_of(chosen),
            numbers_of(inference.numbers),
            self.requests,
            is_shared=True,
        )


def names_of(identity: ModelIdentity) -> tuple[str, str, str, str]:
    """Model, version, revision, bundle digest."""
    return identity.model, identity.version, identity.revision, identity.bundle_digest


def numbers_of(array: NDArray[Any]) -> Any:
    """For orjson, which writes arrays that are C-contiguous as lists."""
    return np.ascontiguousarray(array)


def _keep(tensor: Tensor) -> KeptTensor:
    return KeptTensor(tensor.name, tensor.datatype, tensor.data)
