"""Small real bundles: a classifier from scikit-learn, and a graph that misbehaves when it is asked to."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import orjson
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bundle import Bundle, DataReference, ImageForm, Lineage, Manifest, TensorSignature, write_bundle

CONTRARY_FEATURES = 4
CONTRARY_CLASSES = 4
BREAKING = 16.0
_DIGEST = f"sha256:{'0' * 64}"


def write_digits_bundle(directory: Path, *, version: int = 1, properties: dict[str, str] | None = None) -> Bundle:
    """Handwritten digits, 64 features named `pixel_<row>_<column>`, 10 classes named `zero` to `nine`."""
    digits = load_digits()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    pipeline.fit(digits.data[:600].astype(np.float32), digits.target[:600])
    model = to_onnx(
        pipeline,
        initial_types=[("features", FloatTensorType([None, 64]))],
        options={id(pipeline): {"zipmap": False}},
        target_opset={"": 18, "ai.onnx.ml": 3},
    )
    classes = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    features = tuple(str(name) for name in digits.feature_names)
    card = {
        "title": "Digits",
        "description": "Reads handwritten digits.",
        "model": "digits",
        "version": str(version),
        "dataset_title": "Optical recognition of handwritten digits",
        "dataset_link": "https://archive.ics.uci.edu/dataset/80",
        "dataset_digest": _DIGEST,
        "features": orjson.dumps(features).decode(),
        "output_feature": "digit",
        "classes": orjson.dumps(classes).decode(),
        "commit": "unknown",
        "save_date": "2026-11-21",
        "experiment_name": "first",
        "experiment_id": "7",
        "metrics": '{"accuracy":0.95}',
        "libraries": '{"numpy":"2.0.0"}',
    }
    helper.set_model_props(model, card if properties is None else properties)
    manifest = make_manifest("digits", version=version, features=features, classes=classes)
    manifest = manifest.model_copy(update={"image": ImageForm(width=8, height=8, scale=16)})
    return write_bundle(directory, manifest, model.SerializeToString())


def write_contrary_bundle(directory: Path, *, turns_for_one: int = 1, has_loop: bool = True) -> Bundle:
    """A model that does as it is told: 4 features, 4 classes. Without its loop it always takes as long.

    The label is feature 0 as it is, be it a class or not; the largest feature 1 times `turns_for_one` is the number of
    turns that a loop takes first, about a microsecond each; a feature 2 of BREAKING or more breaks the whole run; the
    probabilities are the softmax of the features.
    """
    rows: list[str | int | None] = ["N", CONTRARY_FEATURES]
    turn = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["go_on_then"]),
            helper.make_node("Add", ["turns_taken", "one"], ["turns_now"]),
        ],
        "turn",
        [
            helper.make_tensor_value_info("turn_number", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("turns_taken", TensorProto.INT64, []),
        ],
        [
            helper.make_tensor_value_info("go_on_then", TensorProto.BOOL, []),
            helper.make_tensor_value_info("turns_now", TensorProto.INT64, []),
        ],
    )
    waiting = [
        helper.make_node("Gather", ["features", "one"], ["column_1"], axis=1),
        helper.make_node("ReduceMax", ["column_1"], ["largest"], keepdims=0),
        helper.make_node("Cast", ["largest"], ["largest_whole"], to=TensorProto.INT64),
        helper.make_node("Mul", ["largest_whole", "turns_for_one"], ["turns"]),
        helper.make_node("Loop", ["turns", "", "zero"], ["turns_taken"], body=turn),
        helper.make_node("Mul", ["turns_taken", "zero"], ["nothing"]),
    ]
    nodes = [
        *(waiting if has_loop else [helper.make_node("Identity", ["zero"], ["nothing"])]),
        helper.make_node("Gather", ["features", "zero"], ["column_0"], axis=1),
        helper.make_node("Gather", ["features", "two"], ["column_2"], axis=1),
        helper.make_node("Cast", ["column_2"], ["position"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "position"], ["nothing_either"]),
        helper.make_node("Cast", ["column_0"], ["class"], to=TensorProto.INT64),
        helper.make_node("Add", ["class", "nothing"], ["label_already"]),
        helper.make_node("Add", ["label_already", "nothing_either"], ["label"]),
        helper.make_node("Softmax", ["features"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "contrary",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, rows)],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, rows),
        ],
        [
            helper.make_tensor("zero", TensorProto.INT64, [], [0]),
            helper.make_tensor("one", TensorProto.INT64, [], [1]),
            helper.make_tensor("two", TensorProto.INT64, [], [2]),
            helper.make_tensor("table", TensorProto.INT64, [int(BREAKING)], [0] * int(BREAKING)),
            helper.make_tensor("turns_for_one", TensorProto.INT64, [], [turns_for_one]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    names = tuple(f"number_{index}" for index in range(CONTRARY_FEATURES))
    manifest = make_manifest("contrary", features=names, classes=("a", "b", "c", "d"))
    return write_bundle(directory, manifest, model.SerializeToString())


def make_manifest(model: str, *, version: int = 1, features: tuple[str, ...], classes: tuple[str, ...]) -> Manifest:
    """A manifest of the form that training writes."""
    reference = DataReference(name=model, digest=_DIGEST, rows=600)
    return Manifest(
        model=model,
        version=version,
        inputs=(TensorSignature(name="features", datatype="FP32", shape=(-1, len(features))),),
        outputs=(
            TensorSignature(name="label", datatype="INT64", shape=(-1,)),
            TensorSignature(name="probabilities", datatype="FP32", shape=(-1, len(classes))),
        ),
        feature_names=features,
        classes=classes,
        metrics={"accuracy": 0.95},
        lineage=Lineage(
            training_data=(reference,),
            holdout=reference,
            parameters_digest=_DIGEST,
            seed=0,
            commit="unknown",
            experiment_name="first",
            experiment_id=7,
        ),
        files={},
    )


def infer_body(rows: Any, **fields: Any) -> dict[str, Any]:
    """A V2 request with `rows` as the input `features`."""
    shape = [len(rows), len(rows[0])]
    return {"inputs": [{"name": "features", "datatype": "FP32", "shape": shape, "data": rows}], **fields}
