"""ONNX Runtime with the model of the working directory, as everybody but us runs it: one thread, one run a request."""

import sys
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

NAME = "mlp"


class Mlp:
    """The model."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])

    def answer(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(rows,) labels and (rows, 10) probabilities of (rows, 784)."""
        labels, probabilities = self._session.run(["label", "probabilities"], {"features": rows})
        return labels, probabilities

    def answer_v2(self, shape: list[int], data: list[float]) -> dict[str, Any]:
        """A V2 response to the one input of a V2 request, for frameworks that do not speak V2 themselves."""
        labels, probabilities = self.answer(np.array(data, dtype=np.float32).reshape(shape))
        return {
            "model_name": NAME,
            "outputs": [
                {"name": "label", "datatype": "INT64", "shape": list(labels.shape), "data": labels.tolist()},
                {
                    "name": "probabilities",
                    "datatype": "FP32",
                    "shape": list(probabilities.shape),
                    "data": probabilities.ravel().tolist(),
                },
            ],
        }


def ports() -> tuple[int, int, int]:
    """HTTP, gRPC and metrics, from the command line."""
    http, grpc, metrics = (int(argument) for argument in sys.argv[1:4])
    return http, grpc, metrics
