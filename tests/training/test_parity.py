"""The guard before the bundle: a graph that answers anything else than the estimator stops the training."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.pipeline import Pipeline

from dataset import LabelledRows
from tests.training.experiments import estimator, train
from training.errors import ParityNotReached
from training.experiment import FinishedExperiment
from training.export import export_graph
from training.parameters import TrainingParameters
from training.parity import check_parity
from training.train_model import train_model

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def pipeline(digits: Mapping[str, LabelledRows]) -> Pipeline:
    """The pipeline that `trained` was exported from."""
    return train_model(digits["part-1"], TrainingParameters())


def with_output(model: onnx.ModelProto, name: str, operation: str, constant: onnx.TensorProto) -> bytes:
    """The graph, doctored: what it answered as `name` goes through one more operation."""
    doctored = onnx.ModelProto()
    doctored.CopyFrom(model)
    for node in doctored.graph.node:
        node.input[:] = [f"honest_{name}" if tensor == name else tensor for tensor in node.input]
        node.output[:] = [f"honest_{name}" if tensor == name else tensor for tensor in node.output]
    doctored.graph.initializer.append(constant)
    doctored.graph.node.append(helper.make_node(operation, [f"honest_{name}", constant.name], [name]))
    content: bytes = doctored.SerializeToString()
    return content


def constant(datatype: int, values: list[float]) -> onnx.TensorProto:
    return helper.make_tensor("doctored", datatype, [len(values)], values)


def test_an_honest_graph_has_parity_on_every_row(
    pipeline: Pipeline, trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    parity = check_parity(pipeline, trained.bundle.model_bytes, digits["holdout"], TOLERANCE)
    assert parity == trained.parity
    assert parity.rows == 800
    assert 0 < parity.largest_difference < 1e-5


def test_a_tolerance_that_cannot_be_met_stops_the_training_and_leaves_no_bundle(
    digits: Mapping[str, LabelledRows], tmp_path: Path
) -> None:
    with pytest.raises(ParityNotReached, match=r"^digits:holdout, row \d+: .*; at most 1e-12 is allowed$"):
        train(digits["part-1"], digits["holdout"], tmp_path, {"parity": {"tolerance": 1e-12}})
    assert list(tmp_path.iterdir()) == []


def test_the_first_row_with_another_probability_is_named(
    pipeline: Pipeline, trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    shifted = constant(TensorProto.FLOAT, [0.0] * 9 + [0.001])
    model_bytes = with_output(onnx.load_from_string(trained.bundle.model_bytes), "probabilities", "Add", shifted)
    with pytest.raises(ParityNotReached) as stopped:
        check_parity(pipeline, model_bytes, digits["holdout"], TOLERANCE)
    assert str(stopped.value) == (
        "digits:holdout, row 1: a probability differs by 0.001 between scikit-learn and ONNX Runtime; "
        "at most 0.0001 is allowed"
    )
    assert check_parity(pipeline, model_bytes, digits["holdout"], 0.002).rows == 800


def test_a_probability_that_is_not_a_number_is_no_parity(
    pipeline: Pipeline, trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    nothing = constant(TensorProto.FLOAT, [1.0] * 9 + [float("nan")])
    model_bytes = with_output(onnx.load_from_string(trained.bundle.model_bytes), "probabilities", "Mul", nothing)
    with pytest.raises(ParityNotReached, match="row 1: a probability differs by nan"):
        check_parity(pipeline, model_bytes, digits["holdout"], TOLERANCE)


def test_another_label_under_the_same_probabilities_is_no_parity(
    pipeline: Pipeline, trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    at_most_8 = constant(TensorProto.INT64, [8])
    model_bytes = with_output(onnx.load_from_string(trained.bundle.model_bytes), "label", "Min", at_most_8)
    expected = pipeline.predict(digits["holdout"].features.astype(np.float32))
    with pytest.raises(ParityNotReached) as stopped:
        check_parity(pipeline, model_bytes, digits["holdout"], TOLERANCE)
    row = 1 + int(np.argmax(expected == 9))
    assert row > 1
    assert str(stopped.value) == (f"digits:holdout, row {row}: scikit-learn and ONNX Runtime answer different labels")


def test_the_graph_of_another_model_is_no_parity(digits: Mapping[str, LabelledRows]) -> None:
    fields = estimator("sklearn.ensemble.RandomForestClassifier", n_estimators=5)
    one, another = (
        train_model(digits["part-1"], TrainingParameters.model_validate({"seed": seed, **fields})) for seed in (0, 1)
    )
    with pytest.raises(ParityNotReached, match="a probability differs by"):
        check_parity(one, export_graph(another, digits["part-1"]).SerializeToString(), digits["holdout"], TOLERANCE)


def test_a_graph_that_cannot_be_run_is_no_parity(pipeline: Pipeline, digits: Mapping[str, LabelledRows]) -> None:
    with pytest.raises(ParityNotReached, match=r"^digits:holdout: no answers to compare: [^\n]+$"):
        check_parity(pipeline, b"no graph", digits["holdout"], TOLERANCE)
