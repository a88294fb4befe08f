"""The elements of a tensor as gRPC's typed contents: one repeated field for each datatype, several share one."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from open_inference import TensorMismatch
from open_inference.datatypes import arrange, dtype_of
from open_inference.grpc_messages.generated.open_inference_pb2 import InferTensorContents

_FIELDS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
_WIDE = {"int_contents": np.dtype(np.int32), "uint_contents": np.dtype(np.uint32)}


def have_field(datatype: str) -> bool:
    """Whether a tensor of `datatype` can be written in typed contents; FP16 and BF16 can only be written raw."""
    return datatype in _FIELDS


def read_contents(contents: InferTensorContents, datatype: str, shape: Sequence[int], place: str) -> NDArray[Any]:
    """The array of `shape` in the dtype of `datatype`; C-contiguous.

    Raises TensorMismatch when the elements stand in another field, are too few or too many or out of range; its message
    starts with `place`. MalformedMessage for an unknown datatype.
    """
    dtype = dtype_of(datatype, place)
    if datatype not in _FIELDS:
        raise TensorMismatch(f"{place} is {datatype}, which has no field", "raw_input_contents")
    field = _FIELDS[datatype]
    given = [descriptor.name for descriptor, _ in contents.ListFields()]
    if given not in ([], [field]):
        raise TensorMismatch(f"{place} has {', '.join(given)}", f"{field} for {datatype}")
    values = getattr(contents, field)
    count = math.prod(shape)
    if len(values) != count:
        raise TensorMismatch(f"{place} has {len(values)} elements", f"{count} for the shape {list(shape)}")
    wide = np.fromiter(values, _WIDE.get(field, dtype), count)
    array = wide.astype(dtype, copy=False)
    if array is not wide and (array != wide).any():
        index = int((array != wide).argmax())
        raise TensorMismatch(f"{place}[{index}] is {wide[index]}", f"a number within the range of {datatype}")
    return arrange(array, shape, place)


def write_contents(array: NDArray[Any], datatype: str) -> InferTensorContents:
    """The elements of `array`, for a datatype that has a field."""
    contents = InferTensorContents()
    getattr(contents, _FIELDS[datatype]).extend(array.ravel().tolist())
    return contents
