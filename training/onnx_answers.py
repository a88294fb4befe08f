"""What an exported graph answers: the one place of training that runs ONNX Runtime."""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from dataset import LabelledRows
from training.graph_inputs import graph_inputs


def answer_with_onnx(model_bytes: bytes, rows: LabelledRows) -> dict[str, NDArray[Any]]:
    """The graph's outputs for `rows`, by name; one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, map(np.asarray, session.run(names, graph_inputs(rows))), strict=True))
