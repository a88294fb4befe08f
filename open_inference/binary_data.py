"""The elements of a tensor as bytes: V2's binary tensor data over REST, and its raw contents over gRPC.

Row-major and little-endian. A BOOL is a byte, 0 or 1; an element of BYTES is its size in four bytes, then itself. The
number of bytes is compared with datatype and shape before anything is made of them, so that nobody gets more memory
than he sends.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from open_inference import bfloat16
from open_inference.datatypes import arrange, dtype_of
from open_inference.errors import TensorMismatch

_SIZE = struct.Struct("<I")


def decode_binary(content: bytes | memoryview, datatype: str, shape: Sequence[int], place: str) -> NDArray[Any]:
    """The array of `shape` (sizes of 0 and more) that `content` holds, in the dtype of `datatype`; C-contiguous.

    It may share the memory of `content`, and is then read-only. Raises TensorMismatch when the bytes are too few or too
    many or not of the datatype; its message starts with `place`. MalformedMessage for an unknown datatype.
    """
    dtype = dtype_of(datatype, place)
    if dtype.kind == "O":
        return arrange(_decode_texts(content, shape, place), shape, place)
    stored = np.dtype(np.uint16) if datatype == "BF16" else dtype
    expected = math.prod(shape) * stored.itemsize
    if len(content) != expected:
        raise TensorMismatch(f"{place} has {len(content)} bytes", f"{expected} for {datatype} {list(shape)}")
    if dtype.kind == "b":
        _check_booleans(content, place)
    flat = np.frombuffer(content, dtype=stored.newbyteorder("<"))
    if datatype == "BF16":
        flat = bfloat16.from_bits(flat)
    return arrange(np.require(flat, dtype, "A"), shape, place)


def encode_binary(array: NDArray[Any], datatype: str, place: str) -> bytes:
    """The bytes of `array`, whose dtype is that of `datatype`. Raises TensorMismatch for BYTES that are no `bytes`."""
    if array.dtype.kind == "O":
        return b"".join(_encode_texts(array, place))
    if datatype == "BF16":
        array = bfloat16.to_bits(array)
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _check_booleans(content: bytes | memoryview, place: str) -> None:
    wrong = np.frombuffer(content, dtype=np.uint8) > 1
    if wrong.any():
        index = int(wrong.argmax())
        raise TensorMismatch(f"{place}: element {index} is {content[index]}", "0 or 1 for BOOL")


def _decode_texts(content: bytes | memoryview, shape: Sequence[int], place: str) -> NDArray[Any]:
    count = math.prod(shape)
    fewest = count * _SIZE.size
    if len(content) < fewest:
        found, expected = f"{place} has {len(content)} bytes", f"at least {fewest} for BYTES {list(shape)}"
        raise TensorMismatch(found, expected)
    texts = np.empty(count, dtype=np.object_)
    position = 0
    for index in range(count):
        begin = position + _SIZE.size
        if begin > len(content):
            raise TensorMismatch(f"{place} ends before element {index}", f"{count} elements, each behind its size")
        position = begin + _SIZE.unpack_from(content, begin - _SIZE.size)[0]
        if position > len(content):
            found = f"{place}: element {index} is said to have {position - begin} bytes"
            raise TensorMismatch(found, f"at most the {len(content) - begin} that are left")
        texts[index] = bytes(content[begin:position])
    if position != len(content):
        raise TensorMismatch(f"{place} has {len(content)} bytes", f"{position} for these {count} elements")
    return texts


def _encode_texts(array: NDArray[Any], place: str) -> Iterator[bytes]:
    for index, value in enumerate(array.ravel()):
        if not isinstance(value, bytes):
            raise TensorMismatch(f"{place}[{index}] is a {type(value).__name__}", "bytes")
        yield _SIZE.pack(len(value))
        yield value
