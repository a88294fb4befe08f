"""Small graphs that nobody trained here, one for each kind of signature."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from bundle import Bundle, write_bundle
from predictor.settings import PredictorSettings
from predictor.wiring import load_onnx

Stated = tuple[str, int, Sequence[int | str | None] | None]
"""Name, element type and shape of an input or output."""


def make_model(
    nodes: Sequence[Any],
    inputs: Sequence[Stated],
    outputs: Sequence[Any],
    constants: dict[str, Any] | None = None,
    properties: dict[str, str] | None = None,
) -> bytes:
    """The bytes of a graph; an output can be a value_info of its own."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info(*part) for part in inputs],
        [helper.make_tensor_value_info(*part) if isinstance(part, tuple) else part for part in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    helper.set_model_props(model, properties or {})
    content: bytes = model.SerializeToString()
    return content


def one_node(operation: str, datatype: int, shape: Sequence[int | str | None], **attributes: Any) -> bytes:
    """A graph of one operation, whose output `y` has the form of its input `x`."""
    node = helper.make_node(operation, ["x"], ["y"], **attributes)
    return make_model([node], [("x", datatype, shape)], [("y", datatype, shape)])


def make_cnn() -> bytes:
    """Images FP32 [-1, 3, 8, 8] -> `logits` FP32 [-1, 4]: a convolution, a mean of each map, a product."""
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["image", "kernels"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["maps"], ["bright"]),
        helper.make_node("GlobalAveragePool", ["bright"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    return make_model(
        nodes,
        [("image", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [("logits", TensorProto.FLOAT, ["N", 4])],
        {
            "kernels": random.normal(size=(5, 3, 3, 3)).astype(np.float32),
            "weights": random.normal(size=(5, 4)).astype(np.float32),
        },
    )


def make_gate() -> bytes:
    """Several inputs and outputs: `chosen` is the row of `one` or of `other` that BOOL `first` says; `count` INT64."""
    nodes = [
        helper.make_node("Where", ["first", "one", "other"], ["chosen"]),
        helper.make_node("Cast", ["first"], ["count"], to=TensorProto.INT64),
    ]
    return make_model(
        nodes,
        [
            ("first", TensorProto.BOOL, ["N", 1]),
            ("one", TensorProto.FLOAT16, ["N", 3]),
            ("other", TensorProto.FLOAT16, ["N", 3]),
        ],
        [("chosen", TensorProto.FLOAT16, ["N", 3]), ("count", TensorProto.INT64, ["N", 1])],
    )


def make_brain_floats() -> bytes:
    """`y` BF16 is the square of `x` BF16 [N, 2], and `exact` FP32 too."""
    nodes = [
        helper.make_node("Cast", ["x"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["number", "number"], ["exact"]),
        helper.make_node("Cast", ["exact"], ["y"], to=TensorProto.BFLOAT16),
    ]
    return make_model(
        nodes,
        [("x", TensorProto.BFLOAT16, ["N", 2])],
        [("y", TensorProto.BFLOAT16, ["N", 2]), ("exact", TensorProto.FLOAT, ["N", 2])],
    )


def make_product() -> bytes:
    """`a` [N, K] times `b` [K, M]: sizes that requests choose, but no rows."""
    return make_model(
        [helper.make_node("MatMul", ["a", "b"], ["c"])],
        [("a", TensorProto.FLOAT, ["N", "K"]), ("b", TensorProto.FLOAT, ["K", "M"])],
        [("c", TensorProto.FLOAT, ["N", "M"])],
    )


def make_price_list() -> bytes:
    """A table of a number and a category: `value` = `area` times the district's price, 0 for one that is unknown."""
    nodes = [
        helper.make_node(
            "LabelEncoder",
            ["district"],
            ["price"],
            domain="ai.onnx.ml",
            keys_strings=["harbour", "station"],
            values_floats=[20.0, 10.0],
            default_float=0.0,
        ),
        helper.make_node("Mul", ["area", "price"], ["value"]),
    ]
    return make_model(
        nodes,
        [("area", TensorProto.FLOAT, ["N", 1]), ("district", TensorProto.STRING, ["N", 1])],
        [("value", TensorProto.FLOAT, ["N", 1])],
    )


def write_foreign_bundle(directory: Path, model_bytes: bytes, name: str, **fields: Any) -> Bundle:
    """A bundle of the graph, whose manifest says `fields` beside what the graph says."""
    manifest = load_onnx(model_bytes, name=name, version="1", settings=PredictorSettings()).manifest
    stated = {**manifest.model_dump(), **fields}
    return write_bundle(directory, type(manifest).model_validate(stated), model_bytes)
