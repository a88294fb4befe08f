"""What a tracked training leaves behind, read again: from a SQLite file and from MLflow's server."""

from pathlib import Path

import mlflow.onnx
import orjson
import pytest
from mlflow.models import Model

from tests.training.tracking.conftest import Kept
from training.errors import ExperimentEnded, ExperimentNotFound
from training.inference_model import HoldoutMetrics
from training.tracking.experiment import ExperimentState


def test_an_experiment_tells_what_it_was_given_and_what_came_of_it(kept: Kept) -> None:
    experiment = kept.store.read(kept.experiment_id)
    bundle, metrics = kept.finished.bundle, kept.finished.metrics
    assert isinstance(metrics, HoldoutMetrics)
    assert bundle.manifest.lineage is not None
    assert (experiment.experiment_id, experiment.state) == (1, ExperimentState.FINISHED)
    assert (experiment.name, experiment.model, experiment.version) == ("first try", "digits", 1)
    assert experiment.parameters["estimator.class"] == "sklearn.linear_model.LogisticRegression"
    assert experiment.parameters["estimator.arguments.max_iter"] == "200"
    assert experiment.metrics == metrics.summary()
    assert experiment.class_metrics["3"]["f1"] == metrics.classes[3].f1
    assert experiment.bundle_digest == bundle.digest
    assert experiment.holdout_digest == bundle.manifest.lineage.holdout.digest
    assert experiment.training_digests == (bundle.manifest.lineage.training_data[0].digest,)
    assert experiment.ended_at is not None
    assert experiment.ended_at >= experiment.began_at
    assert bundle.manifest.lineage.experiment_id == 1


def test_a_list_has_it_and_can_be_of_one_model(kept: Kept) -> None:
    (listed,) = kept.store.list()
    assert listed.metrics == kept.finished.metrics.summary()
    assert kept.store.list("digits") == (listed,)
    assert kept.store.list("others") == ()


def test_its_bundle_comes_back_byte_for_byte(kept: Kept, tmp_path: Path) -> None:
    fetched = kept.store.fetch_bundle(kept.experiment_id, tmp_path)
    assert fetched.digest == kept.finished.bundle.digest
    assert fetched.model_bytes == kept.finished.bundle.model_bytes


def test_the_model_is_one_of_mlflow_with_its_signature(kept: Kept, tmp_path: Path) -> None:
    for path in kept.store.list_files(kept.experiment_id):
        if path.startswith("model/"):
            (tmp_path / Path(path).name).write_bytes(kept.store.read_file(kept.experiment_id, path))
    signature = Model.load(str(tmp_path)).signature
    assert [(one.name, one.shape) for one in signature.inputs.inputs] == [("features", (-1, 64))]
    assert [one.name for one in signature.outputs.inputs] == ["label", "probabilities"]
    loaded = mlflow.onnx.load_model(str(tmp_path))
    assert {one.key: one.value for one in loaded.metadata_props}["experiment_id"] == "1"


def test_the_metrics_are_a_file_for_other_programs(kept: Kept) -> None:
    metrics = orjson.loads(kept.store.read_file(kept.experiment_id, "metrics.json"))
    assert sum(map(sum, metrics["confusion_matrix"])) == metrics["rows"] == 800


def test_what_is_not_there_is_told(kept: Kept) -> None:
    with pytest.raises(ExperimentNotFound, match="no experiment 7; `assay experiments list` has all"):
        kept.store.read(7)
    with pytest.raises(ExperimentNotFound, match=r"experiment 1 has no file plots/no\.png"):
        kept.store.read_file(kept.experiment_id, "plots/no.png")
    with pytest.raises(ExperimentNotFound, match="no model others is registered"):
        kept.store.registry.read_aliases("others")


def test_nothing_is_added_to_one_that_has_ended(kept: Kept) -> None:
    with pytest.raises(ExperimentEnded, match="experiment 1 is finished; begin another one"):
        kept.store.go_on(kept.experiment_id)


def test_the_aliases_of_a_model_name_bundles(kept: Kept) -> None:
    registry, digest = kept.store.registry, kept.finished.bundle.digest
    assert registry.set_alias("canary", digest) == "digits"
    assert registry.set_alias("stable", digest) == "digits"
    assert registry.read_aliases("digits") == {"canary": digest, "stable": digest}
    registry.remove_alias("canary", digest)
    registry.remove_alias("canary", digest)
    assert registry.read_aliases("digits") == {"stable": digest}
    assert registry.set_alias("canary", f"sha256:{'0' * 64}") is None
    assert registry.read_aliases("digits") == {"stable": digest}
