"""A prediction as sinks get it: fields, or a line of JSON of schema 1, which docs/serving.md describes.

Nothing is a record in the serving process: there it is a kept prediction or a run (recorded_run.py), and on the disk a
chunk (chunk.py). The delivery process makes records of chunks.
"""

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from open_inference import Tensor, TensorMismatch
from open_inference.binary_data import encode_binary

SCHEMA = 1
MOST_NUMBERS = 512
"""Of a tensor that is JSON in a line; a larger one is base64 there."""
_ID_LENGTH = 128


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

    def to_bytes(self) -> bytes:
        """The elements in V2's binary form."""
        return encode_binary(self.data, self.datatype, self.name)


class Record(NamedTuple):
    """What is recorded of one inference, and the key that no other record has."""

    key: str
    fields: Mapping[str, Any]

    def to_line(self) -> bytes:
        """The line, without its end."""
        tensors = {name: [_describe(tensor) for tensor in self.fields[name]] for name in ("inputs", "outputs")}
        time = self.fields["time"].isoformat(timespec="microseconds")
        said = {"schema": SCHEMA, "key": self.key, **self.fields, "time": time, **tensors}
        return orjson.dumps(said, option=orjson.OPT_SERIALIZE_NUMPY)


def record_fields(
    identity: Sequence[str],
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
    """Everything in a record but its key, in the order of a line; what a model or a request does not have is left out.

    `identity`: model, version, revision, bundle digest.
    """
    model, version, revision, bundle_digest = identity
    fields: dict[str, Any] = {
        "time": datetime.fromtimestamp(time_ns / 1e9, UTC),
        "request_id": request_id,
        "model": model,
        "version": version,
        "revision": revision,
        "bundle_digest": bundle_digest,
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


def _describe(tensor: KeptTensor) -> dict[str, Any]:
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
    content = orjson.Fragment(b'"%b"' % b2a_base64(tensor.to_bytes(), newline=False))  # has nothing to be escaped
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.data.shape, "base64": content}


def size_of(data: NDArray[Any]) -> int:
    """Bytes of the elements."""
    return sum(map(len, data.ravel())) if data.dtype.kind == "O" else data.nbytes


def is_plain(data: NDArray[Any]) -> bool:
    """Whether JSON has a word for each of the numbers."""
    return data.dtype.kind in "biu" or (data.dtype.kind == "f" and bool(np.isfinite(data).all()))
