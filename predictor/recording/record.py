"""A prediction as it is kept: one line of JSON of schema 1, which docs/serving.md describes.

It is cut and copied as it is handed over, which takes microseconds and bounds the memory that it holds on to; it
becomes JSON later, in the recorder's own thread.
"""

import re
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from open_inference import Tensor, TensorMismatch
from open_inference.binary_data import encode_binary
from predictor.identity import ModelIdentity
from predictor.recording.prediction_recorder import Prediction

SCHEMA = 1
MOST_NUMBERS = 512
"""Of a tensor that is JSON in a line; a larger one is base64 there."""
_OVERHEAD_BYTES = 1024  # of the objects around the numbers
_ID_LENGTH = 128
_START = re.compile(rb'\{"schema":[0-9]+,"key":"([0-9a-z-]+)",')


class KeptTensor(NamedTuple):
    """A tensor that was checked when it came, without its request."""

    name: str
    datatype: str
    data: NDArray[Any]
    is_plain: bool = False
    """Whether it is known that JSON has a word for each of its numbers."""

    def rows(self, first: int, last: int) -> "KeptTensor":
        """Some of its rows, without a copy."""
        return KeptTensor(self.name, self.datatype, self.data[first:last], self.is_plain)

    def to_base64(self) -> bytes:
        """The elements in V2's binary form, as text."""
        return b2a_base64(self.to_bytes(), newline=False)

    def to_bytes(self) -> bytes:
        """The elements in V2's binary form."""
        return encode_binary(self.data, self.datatype, self.name)


@dataclass(slots=True)
class Record:
    """A line, without its end, and the key that no other record has.

    For a sink that keeps no lines it is made of `fields`, and becomes a line only on its way over the disk.
    """

    key: str
    line: bytes = b""
    fields: Mapping[str, Any] | None = None

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """The record that was kept as `line`, which is whole. Raises ValueError for a line that is none."""
        start = _START.match(line)
        if start is None or not line.endswith(b"}"):
            raise ValueError("the line is no record")
        return cls(start[1].decode(), line)

    @classmethod
    def of_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The record that is no line yet. Raises UnicodeEncodeError for texts that could never become one."""
        f"{fields['request_id']}{fields.get('id')}{fields.get('client')}".encode()
        return cls(fields["key"], b"", fields)

    def to_line(self) -> Self:
        """The same as a line from the beginning, with its tensors in V2's JSON form, the large ones apart."""
        return self if self.fields is None else type(self)(self.key, _to_line(self.fields, describe_as_json))

    @property
    def content(self) -> bytes:
        """The line, with its tensors in V2's binary form where it is none yet."""
        if not self.line and self.fields is not None:
            self.line = _to_line(self.fields, _describe_as_base64)
        return self.line


def _to_line(fields: Mapping[str, Any], describe: Callable[[KeptTensor], dict[str, Any]]) -> bytes:
    tensors = {name: [describe(tensor) for tensor in fields[name]] for name in ("inputs", "outputs")}
    time = fields["time"].isoformat(timespec="microseconds")
    return orjson.dumps({**fields, "time": time, **tensors}, option=orjson.OPT_SERIALIZE_NUMPY)


def describe_as_json(tensor: KeptTensor) -> dict[str, Any]:
    """V2's JSON form, which a person can read; BYTES that are no text as base64, and what is too much to be read."""
    if tensor.data.size > MOST_NUMBERS and tensor.data.dtype.kind != "O":
        return _describe_as_base64(tensor)
    if tensor.is_plain:
        data = tensor.data.reshape(-1)
        return {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.data.shape, "data": data}
    try:
        return Tensor(tensor.name, tensor.datatype, tensor.data.shape, tensor.data).to_json()
    except TensorMismatch:
        return _describe_as_base64(tensor)


def _describe_as_base64(tensor: KeptTensor) -> dict[str, Any]:
    """V2's binary form, which costs a tenth of the time."""
    content = tensor.to_base64().decode()
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.data.shape, "base64": content}


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

    def to_record(self, key: str) -> Record:
        """The record, which is no line yet. Raises UnicodeEncodeError for texts that could never become one."""
        said = self.prediction
        return Record.of_fields(
            record_fields(
                key,
                said.inference.identity,
                time_ns=said.time_ns,
                request_id=said.request_id,
                transport=said.transport,
                door=said.door,
                seconds=said.seconds,
                rows=said.rows,
                is_cut=self.is_cut,
                inputs=self.inputs,
                outputs=self.outputs,
                labels=[said.classes[index] for index in self.class_indices],
                indices=self.class_indices.tolist(),
                probabilities=plain(self.probabilities),
                values=plain(self.numbers),
                own_id=said.request.id or "",
                client=said.client,
            )
        )


def record_fields(
    key: str,
    identity: ModelIdentity,
    *,
    time_ns: int,
    request_id: str,
    transport: str,
    door: str,
    seconds: float,
    rows: int,
    is_cut: bool,
    inputs: Sequence[KeptTensor],
    outputs: Sequence[KeptTensor],
    labels: Sequence[str],
    indices: Sequence[int],
    probabilities: Sequence[float],
    values: Sequence[float],
    own_id: str,
    client: str,
) -> dict[str, Any]:
    """Everything in a record, in the order of a line; what a model or a request does not have is not in it."""
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "key": key,
        "time": datetime.fromtimestamp(time_ns / 1e9, UTC),
        "request_id": request_id,
        "model": identity.model,
        "version": identity.version,
        "revision": identity.revision,
        "bundle_digest": identity.bundle_digest,
        "transport": transport,
        "door": door,
        "seconds": round(seconds, 6),
        "rows": rows,
        "is_cut": is_cut,
        "inputs": inputs,
        "outputs": outputs,
    }
    if indices:
        fields |= {"labels": labels, "indices": indices, "probabilities": probabilities}
    if values:
        fields["values"] = values
    if own_id:
        fields["id"] = own_id[:_ID_LENGTH]
    if client:
        fields["client"] = client
    return fields


def plain(numbers: Any) -> Any:
    """The numbers of an array as JSON has them, so that they are the same on the way over the disk."""
    return orjson.loads(orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY))


def size_of(data: NDArray[Any]) -> int:
    """Bytes of the elements."""
    return sum(map(len, data.ravel())) if data.dtype.kind == "O" else data.nbytes


def _copy(tensor: Tensor) -> KeptTensor:
    """It may be a view of one row of a body of 16 MiB."""
    return KeptTensor(tensor.name, tensor.datatype, tensor.data.copy())


def _first(tensor: Tensor, share: float, limit_bytes: int) -> KeptTensor:
    """The first `share` of the tensor along its first axis, copied; nothing of it where that is over the limit."""
    data = tensor.data[: int(len(tensor.data) * share)] if tensor.data.ndim else tensor.data
    if size_of(data) > limit_bytes:  # texts, of which the first ones are the long ones
        data = data[:0]
    return KeptTensor(tensor.name, tensor.datatype, data.copy())
