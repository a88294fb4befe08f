"""A run of the model as it is kept: what several requests were answered from at once, and which rows are whose.

Whoever answers them keeps references alone: the run's arrays are nobody else's. What is recorded of each request is
made of them later, in the recorder's thread, and for all of the run at once where that is possible.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import orjson

from open_inference import Tensor
from predictor.recording.record import KeptTensor, Record, plain, record_fields, size_of
from predictor.recording.run_lines import RunLines, RunTensor, class_texts, value_texts
from predictor.served_model import Inference

_OVERHEAD_BYTES = 1024  # of the objects around the arrays
_REQUEST_BYTES = 512


class RunRequest(NamedTuple):
    """A request that was answered from a run."""

    request_id: str
    own_id: bytes
    """V2's, as JSON; empty where the request has none."""
    client: str
    door: str
    time_ns: int
    """When it was answered, since the epoch."""
    seconds: float
    """From the request's first byte to its answer."""
    first_row: int
    last_row: int
    """Behind the last one."""
    outputs: Sequence[str]
    """Those that were asked for, by name."""


@dataclass(slots=True, eq=False)
class RecordedRun:
    """A run, and those of its requests that were answered."""

    transport: str
    classes: tuple[str, ...]
    """Names by index."""
    asked: Tensor
    """The one input, with all rows."""
    inference: Inference
    requests: list[RunRequest] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        arrays = sum(size_of(tensor.data) for tensor in (self.asked, *self.inference.outputs))
        return arrays + _OVERHEAD_BYTES + _REQUEST_BYTES * len(self.requests)

    def split(self, requests: int) -> "Iterator[RecordedRun]":
        """The same run, of at most so many requests each."""
        for place in range(0, len(self.requests), requests):
            some = self.requests[place : place + requests]
            yield RecordedRun(self.transport, self.classes, self.asked, self.inference, some)

    def to_lines(self, next_key: Callable[[], str], limit_bytes: int) -> Iterator[Record]:
        """A line of each request, of about `limit_bytes` at most, in the order in which they were answered."""
        parts = _Parts(self)
        lines = RunLines(self.inference.identity, self.transport)
        asked = RunTensor(parts.asked)
        tensors = {name: RunTensor(tensor) for name, tensor in parts.outputs.items()}
        write_answers = self._answer_writer()
        for one in self.requests:
            if parts.size_of(one) > limit_bytes:
                yield parts.to_record(one, next_key(), limit_bytes).to_line()
                continue
            first, last = one.first_row, one.last_row
            key = next_key()
            line = lines.write(
                key,
                time_ns=one.time_ns,
                request_id=one.request_id,
                door=one.door,
                seconds=one.seconds,
                rows=last - first,
                inputs=asked.part(first, last),
                outputs=b",".join([tensors[name].part(first, last) for name in one.outputs]),
                answers=write_answers(first, last),
                own_id=one.own_id,
                client=one.client,
            )
            yield Record(key, line)

    def to_records(self, next_key: Callable[[], str], limit_bytes: int) -> Iterator[Record]:
        """The same as records that are no lines yet."""
        parts = _Parts(self)
        for one in self.requests:
            yield parts.to_record(one, next_key(), limit_bytes)

    def _answer_writer(self) -> Callable[[int, int], bytes]:
        inference = self.inference
        if len(inference.class_indices):
            chosen = inference.probabilities[np.arange(len(inference.class_indices)), inference.class_indices]
            return class_texts(self.classes, inference.class_indices, chosen)
        return value_texts(inference.numbers) if len(inference.numbers) else lambda _first, _last: b""


class _Parts:
    """What all requests of a run share, and the part of each."""

    def __init__(self, run: RecordedRun) -> None:
        inference = run.inference
        self._run = run
        self.asked = _keep(run.asked)
        self.outputs = {tensor.name: _keep(tensor) for tensor in inference.outputs}
        self._row_bytes = {name: size_of(kept.data) // max(len(kept.data), 1) for name, kept in self.outputs.items()}
        self._asked_bytes = size_of(self.asked.data) // max(len(self.asked.data), 1)
        rows = np.arange(len(inference.class_indices))
        self._indices: list[int] = inference.class_indices.tolist()
        chosen = inference.probabilities[rows, inference.class_indices] if self._indices else inference.numbers[:0]
        self._labels = [run.classes[index] for index in self._indices]
        self._probabilities: list[float] = plain(chosen)
        self._values: list[float] = plain(inference.numbers)

    def size_of(self, one: RunRequest) -> int:
        """Bytes of its inputs and outputs."""
        row_bytes = self._asked_bytes + sum([self._row_bytes[name] for name in one.outputs])
        return row_bytes * (one.last_row - one.first_row)

    def to_record(self, one: RunRequest, key: str, limit_bytes: int) -> Record:
        """Its record, which is no line yet."""
        first, last = one.first_row, one.last_row
        size = self.size_of(one)
        if is_cut := size > limit_bytes:
            last = first + int((last - first) * (limit_bytes / size))
        return Record.of_fields(
            record_fields(
                key,
                self._run.inference.identity,
                time_ns=one.time_ns,
                request_id=one.request_id,
                transport=self._run.transport,
                door=one.door,
                seconds=one.seconds,
                rows=one.last_row - one.first_row,
                is_cut=is_cut,
                inputs=[self.asked.rows(first, last)],
                outputs=[self.outputs[name].rows(first, last) for name in one.outputs],
                labels=self._labels[first:last],
                indices=self._indices[first:last],
                probabilities=self._probabilities[first:last],
                values=self._values[first:last],
                own_id=orjson.loads(one.own_id) if one.own_id else "",
                client=one.client,
            )
        )


def _keep(tensor: Tensor) -> KeptTensor:
    data = np.ascontiguousarray(tensor.data)
    is_plain = data.dtype.kind in "biu" or (data.dtype.kind == "f" and bool(np.isfinite(data).all()))
    return KeptTensor(tensor.name, tensor.datatype, data, is_plain)
