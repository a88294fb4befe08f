"""A chunk as records, one of each of its requests: what each would have had alone."""

import logging
from collections.abc import Iterator, Sequence

import orjson

from predictor.log_lines import LOG
from predictor.recording.chunk import Chunk, RunRequest
from predictor.recording.record import KeptTensor, Record, record_fields, size_of


def records_of(chunk: Chunk, limit_bytes: int) -> Iterator[Record]:
    """In the order in which they were answered, each of about `limit_bytes` at most; what cannot be one is logged."""
    rows = _Rows(chunk, limit_bytes)
    for number, one in enumerate(map(RunRequest.of, chunk.requests), chunk.first_number):
        key = f"{chunk.process}-{number}"
        try:
            yield Record(key, rows.fields_of(one))
        except Exception:
            logging.getLogger(LOG).exception("the prediction %s cannot be written as a record", key)


class _Rows:
    """Which rows of a chunk are whose."""

    def __init__(self, chunk: Chunk, limit_bytes: int) -> None:
        self._chunk = chunk
        self._limit_bytes = limit_bytes
        self._outputs = {tensor.name: tensor for tensor in chunk.outputs}
        if chunk.is_shared:
            self._row_bytes = {tensor.name: _row_bytes(tensor) for tensor in chunk.outputs}
            self._asked_bytes = sum(map(_row_bytes, chunk.inputs))

    def fields_of(self, one: RunRequest) -> dict[str, object]:
        """The fields of its record."""
        chunk, first, last = self._chunk, one.first_row, one.last_row
        inputs: Sequence[KeptTensor] = chunk.inputs
        outputs: Sequence[KeptTensor] = chunk.outputs
        is_cut = chunk.is_cut
        rows = slice(None)
        if chunk.is_shared:
            size = (self._asked_bytes + sum([self._row_bytes[name] for name in one.outputs])) * (last - first)
            if is_cut := size > self._limit_bytes:
                last = first + int((last - first) * (self._limit_bytes / size))
            inputs = [tensor.rows(first, last) for tensor in inputs]
            outputs = [self._outputs[name].rows(first, last) for name in one.outputs]
            rows = slice(first, last)
        return record_fields(
            chunk.identity,
            time_ns=chunk.time_ns,
            request_id=one.request_id,
            transport=chunk.transport,
            door=one.door,
            seconds=one.seconds,
            rows=one.last_row - one.first_row,
            is_cut=is_cut,
            inputs=inputs,
            outputs=outputs,
            labels=chunk.labels[rows],
            indices=chunk.indices[rows],
            probabilities=chunk.probabilities[rows],
            values=chunk.values[rows],
            own_id=orjson.loads(one.own_id) if one.own_id else "",
            client=one.client,
        )


def _row_bytes(tensor: KeptTensor) -> int:
    return size_of(tensor.data) // max(len(tensor.data), 1)
