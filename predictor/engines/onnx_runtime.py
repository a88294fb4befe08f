"""ONNX Runtime on the CPU, from the very bytes that the bundle's digest was checked on."""

import os
from collections.abc import Mapping
from typing import Any

import onnxruntime
from numpy.typing import NDArray

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
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
}


class OnnxRuntimeEngine:
    """An InferenceEngine over one InferenceSession. Raises ModelNotUsable when the bytes are no model that it can run.

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

    def inputs(self) -> Mapping[str, str]:
        """See InferenceEngine."""
        return {value.name: _datatype(value) for value in self._session.get_inputs()}

    def outputs(self) -> Mapping[str, str]:
        """See InferenceEngine."""
        return {value.name: _datatype(value) for value in self._session.get_outputs()}

    def properties(self) -> Mapping[str, str]:
        """See InferenceEngine."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """See InferenceEngine."""
        names = [value.name for value in self._session.get_outputs()]
        try:
            return dict(zip(names, self._session.run(names, dict(inputs)), strict=True))
        except Exception as error:  # its errors have no common base of their own
            raise InferenceFailed(f"ONNX Runtime cannot run the model: {_first_line(error)}") from error


def _datatype(value: Any) -> str:
    try:
        return _DATATYPES[value.type]
    except KeyError:
        raise ModelNotUsable(f'"{value.name}" is {value.type}; expected a tensor of numbers or booleans') from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
