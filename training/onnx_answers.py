"""What an exported graph answers: the one place of training that runs ONNX Runtime."""

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class OnnxAnswers:
    """Answers to n rows over k classes."""

    class_indices: NDArray[np.int64]
    """n"""
    probabilities: NDArray[np.float32]
    """n x k"""


def answer_with_onnx(model_bytes: bytes, features: NDArray[np.float32]) -> OnnxAnswers:
    """Run the graph on `features` (n x features), one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
    indices, probabilities = session.run(["label", "probabilities"], {"features": features})
    return OnnxAnswers(class_indices=np.asarray(indices), probabilities=np.asarray(probabilities))
