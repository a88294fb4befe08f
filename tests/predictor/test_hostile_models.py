"""ONNX files that somebody means ill with: refused in one line, by whichever door they come."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from predictor.errors import ModelNotUsable
from predictor.settings import PredictorSettings
from predictor.wiring import load_onnx

LOAD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
from predictor.errors import ModelNotUsable
from predictor.settings import PredictorSettings
from predictor.wiring import load_onnx
try:
    load_onnx(open(sys.argv[1], "rb").read(), name="m", version="1", settings=PredictorSettings())
except ModelNotUsable as error:
    print(error)
"""


def graph(nodes: list[onnx.NodeProto], initialisers: list[onnx.TensorProto] | None = None, *domains: str) -> bytes:
    """A model with the input x and the output y, both FP32 [N]."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in ("x", "y")]
    made = helper.make_graph(nodes, "g", values[:1], values[1:], initialisers or [])
    opsets = [helper.make_opsetid(domain, 1 if domain else 18) for domain in ("", *domains)]
    content: bytes = helper.make_model(made, opset_imports=opsets, ir_version=9).SerializeToString()
    return content


def tensor(*dims: int, **fields: Any) -> onnx.TensorProto:
    return onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, **fields)


def elsewhere(path: str) -> onnx.TensorProto:
    """An initialiser whose numbers are in another file."""
    made = tensor(4, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", path), ("offset", "0"), ("length", "16")):
        made.external_data.add(key=key, value=value)
    return made


ADD = [helper.make_node("Add", ["x", "w"], ["y"])]
HOSTILE = {
    "an operator of nobody's": graph(
        [helper.make_node("Run", ["x"], ["y"], domain="evil.example")], [], "evil.example"
    ),
    "a file by its path": graph(ADD, [elsewhere("/etc/passwd")]),
    "a file by a path that climbs": graph(ADD, [elsewhere("../../../../etc/passwd")]),
    "more numbers than there are": graph(ADD, [tensor(2**40, raw_data=b"\0" * 16)]),
    "fewer than none": graph(ADD, [tensor(-4, raw_data=b"\0" * 16)]),
    "sizes whose product overflows": graph(ADD, [tensor(2**32, 2**32, raw_data=b"\0" * 16)]),
    "a program's pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "nothing": b"",
}


@pytest.mark.parametrize("content", list(HOSTILE.values()), ids=list(HOSTILE))
def test_a_hostile_model_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(ModelNotUsable) as caught:
        load_onnx(content, name="m", version="1", settings=PredictorSettings())
    assert "\n" not in str(caught.value)
    assert "root:" not in str(caught.value)


def test_a_small_graph_of_a_huge_constant_does_not_get_more_memory_than_the_process_may_have(tmp_path: Path) -> None:
    """What a graph computes is not looked into: the limit of the process, or the pod, is what stops it."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [2**34])
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["w"]), *ADD]
    (tmp_path / "m.onnx").write_bytes(graph(nodes, [shape]))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path / "m.onnx")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert len(done.stdout.splitlines()) <= 1
