"""The files of an experiment, read by who is meant to read them: TensorBoard, a table reader, a picture viewer."""

import csv
import io
from pathlib import Path

import numpy as np
import orjson
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from assay.labelled_data import load_rows
from tests.training.experiments import estimator, train
from training.experiment import FinishedExperiment
from training.holdout_answers import ClassAnswers, ValueAnswers, read_answers
from training.inference_model import HoldoutMetrics, RegressionMetrics
from training.run_files import write_run_files


@pytest.fixture(scope="module")
def files(trained: FinishedExperiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("run") / "files"
    write_run_files(trained, directory)
    return directory


def test_tensorboard_reads_the_epochs_and_the_confusion_matrix(trained: FinishedExperiment, files: Path) -> None:
    events = EventAccumulator(str(files / "tensorboard"))
    events.Reload()
    losses = events.Scalars("epoch/loss")
    assert [event.step for event in losses] == list(range(1, 41))
    assert [event.value for event in losses] == pytest.approx(trained.epochs["loss"])
    assert events.Scalars("holdout/accuracy")[0].value == pytest.approx(trained.metrics.summary()["accuracy"])
    (image,) = events.Images("holdout/confusion_matrix")
    picture = Image.open(io.BytesIO(image.encoded_image_string))
    assert (image.step, picture.size) == (40, (image.width, image.height))
    assert len(set(picture.convert("RGB").get_flattened_data())) > 10, "a picture with something in it"


def test_the_answers_are_a_table_of_the_holdout(trained: FinishedExperiment, files: Path) -> None:
    labels, answered = read_answers((files / "answers.csv").read_bytes())
    assert labels == trained.holdout.labels
    assert isinstance(trained.metrics, HoldoutMetrics)
    assert isinstance(trained.answers, ClassAnswers)
    assert np.mean(np.array(labels) == np.array(answered)) == trained.metrics.accuracy
    with (files / "answers.csv").open() as text:
        probabilities = [float(row["probability"]) for row in csv.DictReader(text)]
    assert probabilities == pytest.approx(trained.answers.confidence(), rel=1e-5)


def test_tables_and_pictures_are_those_that_the_experiment_has(trained: FinishedExperiment, files: Path) -> None:
    metrics = orjson.loads((files / "metrics.json").read_bytes())
    assert metrics["accuracy"] == trained.metrics.summary()["accuracy"]
    assert len((files / "plots/epochs.csv").read_text().splitlines()) == 41
    assert (files / "plots/calibration.csv").read_text().startswith("confidence,accuracy,rows\n")
    pictures = ["calibration.png", "confusion_matrix.png", "epochs.png", "worst_mistakes.png"]
    assert sorted(path.name for path in (files / "plots").glob("*.png")) == pictures
    for name in pictures:
        Image.open(files / "plots" / name).verify()


def test_a_regression_without_epochs_has_its_answers_alone(tmp_path: Path) -> None:
    fields = {"task": "regression", **estimator("sklearn.linear_model.LinearRegression")}
    finished = train(load_rows("rents"), load_rows("rents:holdout"), tmp_path / "bundles", fields)
    write_run_files(finished, tmp_path / "files")
    written = sorted(str(path.relative_to(tmp_path / "files")) for path in (tmp_path / "files").rglob("*.*"))
    assert written[:3] == ["answers.csv", "metrics.json", "plots/answers.png"]
    assert [Path(name).parent.name for name in written[3:]] == ["tensorboard"]
    labels, answered = read_answers((tmp_path / "files/answers.csv").read_bytes())
    assert isinstance(finished.metrics, RegressionMetrics)
    assert isinstance(finished.answers, ValueAnswers)
    errors = np.abs(np.array(answered, dtype=float) - np.array(labels, dtype=float))
    assert errors.mean() == finished.metrics.mean_absolute_error


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            estimator("sklearn.neural_network.MLPClassifier", max_iter=3, early_stopping=True),
            {"loss": 3, "validation_score": 3},
        ),
        (
            estimator(
                "sklearn.ensemble.HistGradientBoostingClassifier", max_iter=2, max_leaf_nodes=4, early_stopping=True
            ),
            {"train_score": 2, "validation_score": 2},
        ),
        (estimator("sklearn.ensemble.GradientBoostingClassifier", n_estimators=2), {"train_score": 2}),
        (estimator("sklearn.linear_model.LogisticRegression"), {}),
    ],
    ids=["MLP", "histogram gradient boosting", "gradient boosting", "logistic regression"],
)
def test_epochs_are_those_that_the_estimator_counts(
    tmp_path: Path, fields: dict[str, object], expected: dict[str, int]
) -> None:
    finished = train(load_rows("breast-cancer"), load_rows("breast-cancer:holdout"), tmp_path, fields)
    assert {name: len(values) for name, values in finished.epochs.items()} == expected
