"""The model that everybody serves: a perceptron 784-256-10 with random weights, the same from the same seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bundle import DataReference, Lineage, Manifest, TensorSignature, write_bundle

NAME = "mlp"
FEATURES, HIDDEN, CLASSES = 784, 256, 10
_SEED = 20261121
_NO_DIGEST = f"sha256:{'0' * 64}"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a model says of rows: (rows,) class indices and (rows, CLASSES) probabilities."""

    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Perceptron:
    """Weights in FP32: (FEATURES, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)."""

    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    second: NDArray[np.float32]
    second_bias: NDArray[np.float32]

    def answer(self, rows: NDArray[np.float32]) -> Answer:
        """What the model answers to (rows, FEATURES), without ONNX: what every server is held to."""
        hidden = np.maximum(rows @ self.first + self.first_bias, 0)
        scores = hidden @ self.second + self.second_bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return Answer(scores.argmax(axis=1), powers / powers.sum(axis=1, keepdims=True))


def make_perceptron() -> Perceptron:
    """The model; its scores spread enough for every class to be somebody's."""
    random = np.random.default_rng(_SEED)

    def weights(*shape: int) -> NDArray[np.float32]:
        return random.normal(0, 2 / np.sqrt(shape[0]), shape).astype(np.float32)

    return Perceptron(weights(FEATURES, HIDDEN), weights(HIDDEN), weights(HIDDEN, CLASSES), weights(CLASSES))


def make_rows(count: int) -> NDArray[np.float32]:
    """Rows that look like an image's pixels between 0 and 1, four digits each: (count, FEATURES)."""
    pixels = np.random.default_rng(_SEED + 1).integers(0, 256, (count, FEATURES))
    return np.round(pixels / 255, 4).astype(np.float32)


def write_model(perceptron: Perceptron, directory: Path) -> None:
    """Write `model.onnx`, and our bundle of it as `bundle/`, into `directory`."""
    content = _to_onnx(perceptron)
    (directory / "model.onnx").write_bytes(content)
    reference = DataReference(name=NAME, digest=_NO_DIGEST, rows=1)
    manifest = Manifest(
        model=NAME,
        version=1,
        inputs=(TensorSignature(name="features", datatype="FP32", shape=(-1, FEATURES)),),
        outputs=(
            TensorSignature(name="label", datatype="INT64", shape=(-1,)),
            TensorSignature(name="probabilities", datatype="FP32", shape=(-1, CLASSES)),
        ),
        feature_names=tuple(f"pixel_{index}" for index in range(FEATURES)),
        classes=tuple(str(index) for index in range(CLASSES)),
        metrics={},
        lineage=Lineage(
            training_data=(reference,),
            holdout=reference,
            parameters_digest=_NO_DIGEST,
            seed=_SEED,
            commit="unknown",
            experiment_name="benchmark",
            experiment_id=1,
        ),
        files={},
    )
    write_bundle(directory / "bundles", manifest, content).path.rename(directory / "bundle")


def _to_onnx(perceptron: Perceptron) -> bytes:
    rows: list[Any] = ["rows", FEATURES]
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["features", "first", "first_bias"], ["sums"]),
            helper.make_node("Relu", ["sums"], ["hidden"]),
            helper.make_node("Gemm", ["hidden", "second", "second_bias"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
            helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
        ],
        NAME,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, rows)],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", CLASSES]),
        ],
        [
            numpy_helper.from_array(getattr(perceptron, name), name)
            for name in ("first", "first_bias", "second", "second_bias")
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
