"""ONNX Runtime on the CPU, from the very bytes that the bundle's digest was checked on."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from predictor.engines import brain_floats
from predictor.engines.inference_engine import GraphTensor
from predictor.errors import InferenceFailed, ModelNotUsable

_DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(bfloat16)": "BF16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}


class OnnxRuntimeEngine:
    """An InferenceEngine over one InferenceSession.

    Raises ModelNotUsable when the bytes are no model that it can run, or one whose inputs or outputs V2 has no word
    for. An input or output without a stated rank has the shape [] here, like a scalar: ONNX Runtime tells no more.

    The numbers of threads are said explicitly, because ONNX Runtime's own default takes every core for each session.
    """

    def __init__(self, model_bytes: bytes, *, intra_op_threads: int, inter_op_threads: int) -> None:
        onnxruntime.disable_telemetry_events()  # what is served here is nobody else's business
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = intra_op_threads
        options.inter_op_num_threads = inter_op_threads
        options.log_severity_level = 3  # errors: warnings about a graph are training's affair
        # A model from bytes may still name files, which are looked up in the working directory, outside of what the
        # digest covers. In a folder that cannot exist there are none.
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", f"{os.devnull}/none")
        try:
            self._session = onnxruntime.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no common base of their own
            raise ModelNotUsable(f"ONNX Runtime cannot load the model: {_first_line(error)}") from error
        self._inputs = tuple(_describe(value, "input") for value in self._session.get_inputs())
        self._outputs = tuple(_describe(value, "output") for value in self._session.get_outputs())
        self._output_names = [output.name for output in self._outputs]
        parts = (*self._inputs, *self._outputs)
        self._brain_floats = frozenset(part.name for part in parts if part.datatype == "BF16")
        if self._brain_floats and any(part.datatype == "BYTES" for part in parts):
            raise ModelNotUsable("the model has strings beside BF16; ONNX Runtime's Python takes only one of them")

    def inputs(self) -> Sequence[GraphTensor]:
        """See InferenceEngine."""
        return self._inputs

    def outputs(self) -> Sequence[GraphTensor]:
        """See InferenceEngine."""
        return self._outputs

    def properties(self) -> Mapping[str, str]:
        """See InferenceEngine."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """See InferenceEngine."""
        given = {name: _to_texts(array) if array.dtype.kind == "O" else array for name, array in inputs.items()}
        try:
            if self._brain_floats:
                answered = brain_floats.run(self._session, self._output_names, given, self._brain_floats)
            else:
                answered = self._session.run(self._output_names, given)
        except Exception as error:  # its errors have no common base of their own
            raise InferenceFailed(f"ONNX Runtime cannot run the model: {_first_line(error)}") from error
        arrays = (np.asarray(values) for values in answered)
        return {
            name: array if array.dtype.kind in "biuf" else _to_bytes(array)
            for name, array in zip(self._output_names, arrays, strict=True)
        }


def _describe(value: Any, role: str) -> GraphTensor:
    if value.type not in _DATATYPES:
        found = f'the {role} "{value.name}" is {value.type}'
        advice = "; export it without ZipMap" if "map" in value.type else ""
        raise ModelNotUsable(f"{found}; expected a tensor of numbers, booleans or strings{advice}")
    sizes = tuple(size if isinstance(size, int) else size or "" for size in value.shape)
    return GraphTensor(value.name, _DATATYPES[value.type], sizes)


def _to_texts(array: NDArray[Any]) -> NDArray[Any]:
    texts = np.empty(array.shape, dtype=np.object_)
    texts.reshape(-1)[:] = [value.decode() for value in array.flat]
    return texts


def _to_bytes(array: NDArray[Any]) -> NDArray[Any]:
    content = np.empty(array.shape, dtype=np.object_)
    content.reshape(-1)[:] = [str(value).encode() for value in array.flat]
    return content


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
