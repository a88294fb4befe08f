"""What a predictor gets: a graph that takes raw values, in any number of rows, and says where it came from."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import orjson
import pytest
from onnx.reference import ReferenceEvaluator

from bundle import read_bundle
from dataset import LabelledRows, concatenate
from tests.training.experiments import PROVENANCE, answer, session, train
from training.experiment import FinishedExperiment
from training.parameters import TrainingParameters


def test_the_graph_takes_and_gives_what_the_manifest_says(trained: FinishedExperiment) -> None:
    manifest = trained.bundle.manifest
    graph = session(trained.bundle.model_bytes)
    datatypes = {"tensor(float)": "FP32", "tensor(int64)": "INT64"}
    for stated, found in [(manifest.inputs, graph.get_inputs()), (manifest.outputs, graph.get_outputs())]:
        assert [(tensor.name, tensor.datatype) for tensor in stated] == [
            (tensor.name, datatypes[tensor.type]) for tensor in found
        ]
        assert [tensor.shape[1:] for tensor in stated] == [tuple(tensor.shape[1:]) for tensor in found]
        assert all(tensor.shape[0] == -1 for tensor in stated)
        assert not any(isinstance(tensor.shape[0], int) for tensor in found)
    assert [tensor.name for tensor in manifest.inputs] == ["features"]
    assert [tensor.name for tensor in manifest.outputs] == ["label", "probabilities"]
    assert manifest.feature_names[:2] == ("pixel_0_0", "pixel_0_1")
    assert manifest.classes == tuple("0123456789")


@pytest.mark.parametrize("rows", [1, 2, 33, 800])
def test_any_number_of_rows_is_answered_at_once_as_one_by_one(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows], rows: int
) -> None:
    features = digits["holdout"].features[:rows]
    labels, probabilities = answer(trained.bundle.model_bytes, features)
    assert (labels.shape, labels.dtype.name) == ((rows,), "int64")
    assert (probabilities.shape, probabilities.dtype.name) == ((rows, 10), "float32")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    last_label, last_probabilities = answer(trained.bundle.model_bytes, features[-1:])
    assert last_label[0] == labels[-1]
    np.testing.assert_allclose(last_probabilities[0], probabilities[-1], atol=1e-6)


def test_values_are_sent_as_they_stand_in_the_data(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    """Pixels are 0..16 there; a model whose preprocessing stayed behind would answer 0..1 well and these badly."""
    holdout = digits["holdout"]
    assert holdout.features.max() == 16
    labels, _ = answer(trained.bundle.model_bytes, holdout.features)
    accuracy = np.mean([holdout.classes[index] == label for index, label in zip(labels, holdout.labels, strict=True)])
    assert accuracy == trained.metrics.summary()["accuracy"] > 0.85
    scaled, _ = answer(trained.bundle.model_bytes, holdout.features / 16)
    assert np.mean(scaled == labels) < 0.5


def test_onnx_own_reference_gives_the_same_answers(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    features = digits["holdout"].features[:20]
    reference = ReferenceEvaluator(onnx.load_from_string(trained.bundle.model_bytes))
    answered: Any = reference.run(["label", "probabilities"], {"features": features.astype(np.float32)})
    labels, probabilities = answer(trained.bundle.model_bytes, features)
    assert labels.tolist() == answered[0].tolist()
    np.testing.assert_allclose(probabilities, answered[1], atol=1e-5)


def test_the_graph_describes_itself(trained: FinishedExperiment, digits: Mapping[str, LabelledRows]) -> None:
    found = {entry.key: entry.value for entry in onnx.load_from_string(trained.bundle.model_bytes).metadata_props}
    libraries = {"numpy": "numpy", "onnx": "onnx", "onnxruntime": "onnxruntime", "scipy": "scipy"}
    libraries |= {"skl2onnx": "skl2onnx", "sklearn": "scikit-learn"}
    texts = {
        "title": "Classifier",
        "description": "",
        "model": "classifier",
        "version": "1",
        "dataset_title": "Optical recognition of handwritten digits",
        "dataset_link": "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        "dataset_digest": digits["part-1"].digest,
        "output_feature": "digit",
        "task": "classification",
        "commit": PROVENANCE.commit,
        "save_date": PROVENANCE.save_date,
        "experiment_name": "default",
        "experiment_id": "1",
    }
    documents = {
        "features": list(digits["part-1"].feature_names),
        "classes": list("0123456789"),
        "metrics": trained.metrics.summary(),
        "libraries": {module: version(name) for module, name in libraries.items()},
    }
    assert {key: value for key, value in found.items() if key not in documents} == texts
    assert {key: orjson.loads(found[key]) for key in documents} == documents


def test_the_manifest_says_where_the_model_came_from(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    manifest = read_bundle(trained.bundle.path, expected_digest=trained.bundle.digest).manifest
    assert manifest.metrics == trained.metrics.summary()
    lineage = manifest.lineage
    assert lineage is not None
    assert [(part.name, part.digest, part.rows) for part in lineage.training_data] == [
        ("digits:part-1", digits["part-1"].digest, 200)
    ]
    assert (lineage.holdout.name, lineage.holdout.digest, lineage.holdout.rows) == (
        "digits:holdout",
        digits["holdout"].digest,
        800,
    )
    assert lineage.parameters_digest == TrainingParameters().digest()
    assert (lineage.seed, lineage.commit) == (0, PROVENANCE.commit)
    assert (lineage.experiment_name, lineage.experiment_id) == ("default", 1)


def test_two_parts_are_learned_from_and_both_named(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows], tmp_path: Path
) -> None:
    parts = [digits["part-1"], digits["part-2"]]
    fields = {
        "model": {"name": "digits", "version": 7, "title": "Digits", "description": "Which digit it is."},
        "experiment": {"name": "more data", "id": 12},
        "dataset": {"title": "My digits", "link": "file:digits"},
    }
    finished = train(parts, digits["holdout"], tmp_path, fields)
    manifest = finished.bundle.manifest
    assert manifest.lineage is not None
    assert [part.name for part in manifest.lineage.training_data] == ["digits:part-1", "digits:part-2"]
    assert finished.metrics.summary()["accuracy"] > trained.metrics.summary()["accuracy"]
    assert (manifest.model, manifest.version) == ("digits", 7)
    assert (manifest.lineage.experiment_name, manifest.lineage.experiment_id) == ("more data", 12)
    found = {entry.key: entry.value for entry in onnx.load_from_string(finished.bundle.model_bytes).metadata_props}
    assert found["dataset_digest"] == concatenate(parts).digest
    assert {key: found[key] for key in ("title", "description", "version", "dataset_title", "dataset_link")} == {
        "title": "Digits",
        "description": "Which digit it is.",
        "version": "7",
        "dataset_title": "My digits",
        "dataset_link": "file:digits",
    }
    assert (found["experiment_name"], found["experiment_id"]) == ("more data", "12")
