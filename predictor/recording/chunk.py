"""A run of the model on its way over the disk: what its requests have in common once, and its arrays as raw bytes.

    frame: magic, segment, records, bytes of head and of body, time, the body's checksum, the CRC-32s of head and frame
    head:  JSON; what is known of the model, the run, and each of its requests
    body:  the elements of all tensors in V2's binary form, one tensor behind the other

The serving process writes chunks, the delivery process makes records of them. Whatever is read is either the chunk
that was written or ChunkDamaged: CRCs guard frame and head, and the body, which is nearly all of the bytes, has a
checksum that costs a tenth of a CRC and finds a torn page and any single changed bit.
"""

import struct
import sys
from collections.abc import Sequence
from typing import NamedTuple, Self, TypeAlias
from zlib import crc32

import numpy as np
import orjson

from bundle.one_line import one_line
from open_inference import ProtocolError
from open_inference.binary_data import decode_binary
from predictor.recording.record import KeptTensor, is_plain

MAGIC = b"\xa5assay3\n"
_FRAME = struct.Struct("<8sIIIQqQI")
_CRC = struct.Struct("<I")
_SMALL_BYTES = 4096
FRAME_BYTES = _FRAME.size + _CRC.size


class ChunkDamaged(ValueError):
    """The bytes are no chunk."""


class Frame(NamedTuple):
    """What stands before a chunk."""

    magic: bytes
    segment: int
    """Of the spool, in which alone it means something: its file was another segment's before."""
    records: int
    head_bytes: int
    body_bytes: int
    time_ns: int
    """When it was answered, since the epoch."""
    checksum: int
    head_crc: int

    @classmethod
    def read(cls, content: bytes) -> Self:
        """From the first FRAME_BYTES bytes of the chunk. Raises ChunkDamaged."""
        if len(content) < FRAME_BYTES or not content.startswith(MAGIC):
            raise ChunkDamaged("no chunk begins here")
        (crc,) = _CRC.unpack_from(content, _FRAME.size)
        if crc32(content[: _FRAME.size]) != crc:
            raise ChunkDamaged("the frame of a chunk is damaged")
        return cls(*_FRAME.unpack_from(content))

    def write(self, segment: int) -> bytes:
        """For `read`, as it is in that segment."""
        content = _FRAME.pack(self.magic, segment, *self[2:])
        return content + _CRC.pack(crc32(content))

    @property
    def chunk_bytes(self) -> int:
        """Of the whole chunk."""
        return FRAME_BYTES + self.head_bytes + self.body_bytes


RunPart: TypeAlias = tuple[str, str, str, str, int, int, Sequence[str]]
"""Which part of a run is a request's: its id; V2's own, as JSON, empty where it has none; the client; the door; its
first row, and the one behind its last; the names of the outputs that were asked for. A plain tuple, because one is made
for each request while it is answered.
"""
NotedRequest: TypeAlias = tuple[float, RunPart]
"""A request that was answered from a run: the seconds from its first byte to its answer; its part."""


class RunRequest(NamedTuple):
    """The same with names."""

    seconds: float
    request_id: str
    own_id: str
    client: str
    door: str
    first_row: int
    last_row: int
    outputs: Sequence[str]

    @classmethod
    def of(cls, noted: NotedRequest) -> Self:
        """From a chunk. Raises TypeError and ValueError for what is none."""
        seconds, part = noted
        return cls(seconds, *part)


class EncodedChunk(NamedTuple):
    """A chunk in pieces, which may be a run's own arrays: nothing large is copied."""

    records: int
    """How many requests it is of."""
    size: int
    """In bytes, with the frame."""
    frame: Frame
    """Of segment 0, until there is a place for it."""
    pieces: Sequence[bytes | memoryview]
    """What stands behind the frame."""


class Chunk(NamedTuple):
    """A run, and those of its requests that were answered; or a single prediction, whose tensors are all its own."""

    process: str
    first_number: int
    """The keys of its records are the process and this number, the next one, and so on."""
    identity: Sequence[str]
    """Model, version, revision, bundle digest."""
    transport: str
    time_ns: int
    """When it was answered, since the epoch."""
    inputs: Sequence[KeptTensor]
    outputs: Sequence[KeptTensor]
    labels: Sequence[str]
    """Of each row, as are the next three; empty where the model has none."""
    indices: Sequence[int]
    probabilities: Sequence[float]
    values: Sequence[float]
    requests: Sequence[NotedRequest]
    is_shared: bool
    """Whether a request has the rows that it names, and not everything."""
    is_cut: bool = False
    """Whether the request that has everything had more."""

    def encode(self) -> EncodedChunk:
        """For `decode`. Raises TypeError and TensorMismatch for what can never be written."""
        parts = [_raw(tensor) for tensor in (*self.inputs, *self.outputs)]
        tensors = [
            (tensor.name, tensor.datatype, tensor.data.shape, len(part))
            for tensor, part in zip((*self.inputs, *self.outputs), parts, strict=True)
        ]
        head = orjson.dumps(
            (
                self.process,
                self.first_number,
                self.identity,
                self.transport,
                len(self.inputs),
                tensors,
                self.labels,
                self.indices,
                self.probabilities,
                self.values,
                self.requests,
                self.is_shared,
                self.is_cut,
            ),
            option=orjson.OPT_SERIALIZE_NUMPY,
        )
        sizes = len(head), sum(map(len, parts))
        size = FRAME_BYTES + sum(sizes)
        frame = Frame(MAGIC, 0, len(self.requests), *sizes, self.time_ns, _checksum(parts), crc32(head))
        return EncodedChunk(len(self.requests), size, frame, [head, *parts])

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The chunk that these bytes are, no more and no less. Raises ChunkDamaged."""
        frame = Frame.read(content)
        view = memoryview(content)
        body = FRAME_BYTES + frame.head_bytes
        if len(content) != frame.chunk_bytes:
            raise ChunkDamaged(f"a chunk has {len(content)} bytes; expected {frame.chunk_bytes}")
        if crc32(view[FRAME_BYTES:body]) != frame.head_crc:
            raise ChunkDamaged("the head of a chunk is damaged")
        try:
            said = orjson.loads(view[FRAME_BYTES:body])
            process, number, identity, transport, inputs, described, *answers, requests, is_shared, is_cut = said
            labels, indices, probabilities, values = answers
            parts = _cut(view[body:], [size for *_, size in described])
            if sum(map(len, parts)) != frame.body_bytes or _checksum(parts) != frame.checksum:
                raise ChunkDamaged("the body of a chunk is damaged")
            tensors = [
                _tensor(name, datatype, shape, part)
                for (name, datatype, shape, _), part in zip(described, parts, strict=True)
            ]
            own = process, number, identity, transport, frame.time_ns, tensors[:inputs], tensors[inputs:]
            return cls(*own, labels, indices, probabilities, values, requests, is_shared, is_cut)
        except (ValueError, TypeError, LookupError, ProtocolError) as error:
            # Another version's, for what is between the two sums is as it was written.
            raise ChunkDamaged(f"a chunk is none of this version: {one_line(error)}") from error


def _raw(tensor: KeptTensor) -> bytes | memoryview:
    """The elements in V2's binary form, without a copy where that is what they are in memory."""
    data = tensor.data
    is_so_in_memory = sys.byteorder == "little" and data.dtype.isnative and data.flags.c_contiguous and data.size
    if not is_so_in_memory or data.dtype.kind == "O" or tensor.datatype == "BF16":
        return tensor.to_bytes()
    return data.data.cast("B")


def _tensor(name: str, datatype: str, shape: Sequence[int], part: memoryview) -> KeptTensor:
    data = decode_binary(part, datatype, shape, name)
    return KeptTensor(name, datatype, data, is_plain(data))


def _cut(body: memoryview, sizes: Sequence[int]) -> list[memoryview]:
    parts, begin = [], 0
    for size in sizes:
        parts.append(body[begin : begin + size])
        begin += size
    return parts


def _checksum(parts: Sequence[bytes | memoryview]) -> int:
    """Exclusive or of what each one has: small ones a CRC-32, others the same of eight bytes at a time."""
    whole = 0
    for part in parts:
        whole ^= crc32(part) if len(part) < _SMALL_BYTES else _exclusive_or(part)
    return whole


def _exclusive_or(part: bytes | memoryview) -> int:
    words = len(part) // 8
    whole = int(np.bitwise_xor.reduce(np.frombuffer(part, np.uint64, words)))
    return whole ^ int.from_bytes(part[8 * words :], "little")
