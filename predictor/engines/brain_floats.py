"""BF16 in and out of ONNX Runtime, which has no numpy array for it: 16 bits each, in its own values.

Outside they are float32, of which every BF16 number is one (open_inference/bfloat16.py).
"""

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from open_inference.bfloat16 import from_bits, to_bits

_ELEMENT_TYPE = 16  # BFLOAT16 in ONNX' TensorProto.DataType


def run(
    session: Any, outputs: Sequence[str], inputs: Mapping[str, NDArray[Any]], brain_floats: frozenset[str]
) -> Sequence[NDArray[Any]]:
    """What `session.run` would answer; `brain_floats` are the inputs and outputs that are BF16."""
    given = {name: _to_value(array, name in brain_floats) for name, array in inputs.items()}
    answered = session.run_with_ort_values(list(outputs), given)
    return [
        _read(value) if name in brain_floats else value.numpy() for name, value in zip(outputs, answered, strict=True)
    ]


def _to_value(array: NDArray[Any], is_brain_float: bool) -> Any:
    if is_brain_float:
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(to_bits(array), _ELEMENT_TYPE)
    return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def _read(value: Any) -> NDArray[Any]:
    bits = np.empty(value.shape(), np.uint16)
    if bits.size:
        ctypes.memmove(bits.ctypes.data, value.data_ptr(), bits.nbytes)
    return from_bits(bits)
