"""V2's datatypes and the numpy dtypes that hold them.

BYTES is held as an object array of `bytes`. BF16, for which numpy has no dtype, is held as float32, of which every BF16
number is one (bfloat16.py).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from open_inference.errors import MalformedMessage, TensorMismatch
from open_inference.json_object import quote

DATATYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {
        "BOOL": np.dtype(np.bool_),
        "UINT8": np.dtype(np.uint8),
        "UINT16": np.dtype(np.uint16),
        "UINT32": np.dtype(np.uint32),
        "UINT64": np.dtype(np.uint64),
        "INT8": np.dtype(np.int8),
        "INT16": np.dtype(np.int16),
        "INT32": np.dtype(np.int32),
        "INT64": np.dtype(np.int64),
        "FP16": np.dtype(np.float16),
        "FP32": np.dtype(np.float32),
        "FP64": np.dtype(np.float64),
        "BF16": np.dtype(np.float32),
        "BYTES": np.dtype(np.object_),
    }
)


def dtype_of(datatype: str, place: str) -> np.dtype[Any]:
    """The numpy dtype of a V2 datatype; MalformedMessage, which names `place`, when there is none."""
    try:
        return DATATYPES[datatype]
    except KeyError:
        expected = f"one of {', '.join(DATATYPES)}"
        raise MalformedMessage(f"{place} has the unknown datatype {quote(datatype)}", expected) from None


def datatype_of(dtype: np.dtype[Any], place: str) -> str:
    """The V2 datatype of a numpy dtype (float32: FP32); TensorMismatch, which names `place`, when there is none."""
    for datatype, known in DATATYPES.items():
        if known == dtype:
            return datatype
    raise TensorMismatch(f"{place} holds {dtype}", f"a dtype that V2 has a word for: {', '.join(DATATYPES)}")


def arrange(array: NDArray[Any], shape: Sequence[int], place: str) -> NDArray[Any]:
    """A flat array of as many elements as `shape` says, in that shape. Raises TensorMismatch."""
    try:
        return array.reshape(shape)
    except ValueError:  # no elements, but sizes whose product overflows
        raise TensorMismatch(f"{place} has the shape {list(shape)}", "one that fits into memory") from None
