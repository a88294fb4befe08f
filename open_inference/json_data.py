"""The `data` of a tensor, between JSON values and an ndarray.

Reading is strict: a value has to be of the datatype's own JSON kind and within its range; nothing is rounded to fit,
parsed from a string or taken for a number because it is a boolean. `data` may be flat, in row-major order, or nested
as `shape` says; it is written flat.

JSON has no NaN and no infinity, and `null` is none of V2's values. In the FP datatypes they are written and read as
the strings "NaN", "Infinity" and "-Infinity", the JSON form that protobuf gives the same numbers in V2's gRPC messages
(protobuf.dev, ProtoJSON). No other string is a number here.
"""

import math
import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from open_inference import bfloat16
from open_inference.datatypes import arrange, dtype_of
from open_inference.errors import TensorMismatch
from open_inference.json_object import describe

_JSON_KINDS: dict[str, tuple[frozenset[type], str]] = {
    "b": (frozenset({bool}), "true or false"),
    "i": (frozenset({int}), "a whole number"),
    "u": (frozenset({int}), "a whole number"),
    "f": (frozenset({int, float}), "a number"),
    "O": (frozenset({str}), "a string"),
}
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def decode_data(data: object, datatype: str, shape: Sequence[int], place: str) -> NDArray[Any]:
    """The array of `shape` (sizes of 0 and more) that `data` holds, in the dtype of `datatype`; C-contiguous.

    Raises TensorMismatch when the elements are too few or too many, nested otherwise than `shape`, or not of the
    datatype; its message starts with `place` and the position. MalformedMessage for an unknown datatype.
    """
    dtype = dtype_of(datatype, place)
    is_nested = isinstance(data, list) and len(shape) > 1 and bool(data) and isinstance(data[0], list)
    values = _flatten_nested(data, shape, place) if is_nested else _check_flat(data, shape, place)

    def position(index: int) -> str:
        return f"{place}{_subscript(index, shape) if is_nested else f'[{index}]'}"

    kinds, expected = _JSON_KINDS[dtype.kind]
    found = set(map(type, values))
    if dtype.kind == "f" and str in found:
        values = [_NOT_FINITE.get(value, value) if isinstance(value, str) else value for value in values]
        found = set(map(type, values))
    if not found <= kinds:
        index = next(index for index, value in enumerate(values) if type(value) not in kinds)
        raise TensorMismatch(f"{position(index)} is {describe(values[index])}", f"{expected} for {datatype}")
    array, misfit = _to_array(values, dtype, is_bfloat16=datatype == "BF16")
    if misfit is not None:
        raise TensorMismatch(f"{position(misfit)} is {values[misfit]}", f"a number within the range of {datatype}")
    return arrange(array, shape, place)


def encode_data(array: NDArray[Any], place: str) -> NDArray[Any] | list[Any]:
    """The elements of `array` flat, in row-major order, for orjson with OPT_SERIALIZE_NUMPY; never a null.

    Raises TensorMismatch for BYTES that are not UTF-8: those have no JSON form.
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype.kind == "O":
        return [_to_text(value, f"{place}[{index}]") for index, value in enumerate(flat)]
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        return [value if math.isfinite(value) else _name_not_finite(value) for value in flat.tolist()]
    return flat


def _check_flat(data: object, shape: Sequence[int], place: str) -> list[Any]:
    count = math.prod(shape)
    if not isinstance(data, list):
        raise TensorMismatch(f"{place} is {describe(data)}", f"a list of {count} elements")
    if len(data) != count:
        raise TensorMismatch(f"{place} has {len(data)} elements", f"{count} for the shape {list(shape)}")
    return data


def _flatten_nested(data: Any, shape: Sequence[int], place: str) -> list[Any]:
    parts = [data]
    for depth, size in enumerate(shape):
        for index, part in enumerate(parts):
            if not isinstance(part, list) or len(part) != size:
                found = f"has {len(part)} elements" if isinstance(part, list) else f"is {describe(part)}"
                expected = f"a list of {size} for the shape {list(shape)}"
                raise TensorMismatch(f"{place}{_subscript(index, shape[:depth])} {found}", expected)
        parts = list(chain.from_iterable(parts))
    return parts


def _subscript(index: int, shape: Sequence[int]) -> str:
    positions = []
    for size in reversed(shape):
        index, position = divmod(index, size)
        positions.append(f"[{position}]")
    return "".join(reversed(positions))


def _to_array(values: list[Any], dtype: np.dtype[Any], *, is_bfloat16: bool) -> tuple[NDArray[Any], int | None]:
    """The values as a flat array, and the index of the first that is out of the dtype's range."""
    if dtype.kind == "O":
        texts = np.empty(len(values), dtype=dtype)
        texts[:] = [value.encode() for value in values]
        return texts, None
    if dtype.kind == "f":
        exact = np.frombuffer(struct.pack(f"{len(values)}d", *values))  # np.array takes three times as long
        with np.errstate(over="ignore"):
            array = exact.astype(dtype)
            if is_bfloat16:
                array = bfloat16.round_to_nearest(array)
        overflowed = np.isinf(array) & np.isfinite(exact)
        return array, int(overflowed.argmax()) if overflowed.any() else None
    try:
        return np.array(values, dtype=dtype), None
    except OverflowError:
        limits = np.iinfo(dtype)
        misfit = next(index for index, value in enumerate(values) if not limits.min <= value <= limits.max)
        return np.empty(0, dtype=dtype), misfit


def _to_text(value: object, place: str) -> str:
    if not isinstance(value, bytes):
        raise TensorMismatch(f"{place} is a {type(value).__name__}", "bytes")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise TensorMismatch(f"{place} is not UTF-8", "text, the only BYTES that JSON can carry") from None


def _name_not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
