"""What is refused before it is served: graphs that name other files, and manifests that say what the graph is not."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bundle import Bundle, TensorSignature, write_bundle
from open_inference import InferRequest, RequestedOutput, Tensor
from predictor.engines.inference_engine import GraphTensor
from predictor.engines.onnx_runtime import OnnxRuntimeEngine
from predictor.errors import InferenceFailed, ModelNotUsable
from predictor.settings import PredictorSettings
from predictor.wiring import load_model

ROWS = np.array([[1, 0, 0, 0], [3, 0, 0, 0]], dtype=np.float32)


def load_engine(content: bytes) -> OnnxRuntimeEngine:
    return OnnxRuntimeEngine(content, intra_op_threads=1, inter_op_threads=1)


def model_with_external_data(folder: Path) -> bytes:
    weights = numpy_helper.from_array(np.ones((4, 300), dtype=np.float32), "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])],
        "external",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 300])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path = folder / "model.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path.read_bytes()


def test_data_outside_of_the_bundle_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = model_with_external_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert os.path.exists("weights.bin"), "ONNX Runtime on its own would find it here"
    with pytest.raises(ModelNotUsable, match="ONNX Runtime cannot load the model: "):
        load_engine(content)


def test_bytes_that_are_no_model_are_told_so_in_one_line() -> None:
    with pytest.raises(ModelNotUsable) as caught:
        load_engine(b"no model")
    assert "\n" not in str(caught.value)


def test_an_input_of_a_wrong_form_is_a_failure_of_inference(contrary: Bundle) -> None:
    engine = load_engine(contrary.model_bytes)
    assert engine.inputs() == (GraphTensor("features", "FP32", ("N", 4)),)
    outputs = (GraphTensor("label", "INT64", ("N",)), GraphTensor("probabilities", "FP32", ("N", 4)))
    assert engine.outputs() == outputs
    with pytest.raises(InferenceFailed, match="ONNX Runtime cannot run the model: "):
        engine.run({"features": ROWS[:, :3]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"inputs": (TensorSignature(name="x", datatype="FP32", shape=(-1, 4)),)},
            r"the graph's inputs are features FP32 \[-1, 4\]; the manifest says x FP32 \[-1, 4\]",
        ),
        (
            {"inputs": (TensorSignature(name="features", datatype="FP32", shape=(-1, 5)),)},
            r"the graph's inputs are features FP32 \[-1, 4\]; the manifest says features FP32 \[-1, 5\]",
        ),
        (
            {"classes": ("a", "b", "c")},
            r"the outputs are .*; expected label INT64 \[-1\] and probabilities FP32 \[-1, 3\]",
        ),
    ],
)
def test_a_manifest_that_the_graph_does_not_keep_is_refused(
    contrary: Bundle, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    bundle = write_bundle(tmp_path, contrary.manifest.model_copy(update=changes), contrary.model_bytes)
    with pytest.raises(ModelNotUsable, match=message):
        load_model(bundle, PredictorSettings())


def test_a_model_is_named_by_its_manifest_unless_it_is_renamed(contrary: Bundle) -> None:
    request = InferRequest(inputs=(Tensor.of("features", ROWS),), outputs=(RequestedOutput("label"),))
    plain = load_model(contrary, PredictorSettings()).infer(request)
    renamed = load_model(contrary, PredictorSettings(model="other", revision="r2")).infer(request)
    assert (plain.identity.model, plain.identity.revision) == ("contrary", contrary.digest[7:19])
    assert (renamed.identity.model, renamed.identity.revision) == ("other", "r2")
    assert [tensor.name for tensor in renamed.outputs] == ["label"]
    assert plain.class_indices.tolist() == renamed.class_indices.tolist() == [1, 3]
