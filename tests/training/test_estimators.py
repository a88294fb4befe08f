"""Estimators other than the default: each exports with parity, or is refused in one line before anything is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dataset import LabelledRows
from tests.training.experiments import answer, estimator, train
from training.errors import DataNotUsable, ParametersNotUsable, ParityNotReached, TrainingError

RAW = {"preprocessing": None}
STANDARD = {"preprocessing": {"class": "sklearn.preprocessing.StandardScaler"}}
EXPORTED = {
    "random forest": RAW | estimator("sklearn.ensemble.RandomForestClassifier", n_estimators=20),
    "logistic regression": estimator("sklearn.linear_model.LogisticRegression"),
    "logistic regression, standardised": STANDARD | estimator("sklearn.linear_model.LogisticRegression"),
    "histogram boosting": RAW | estimator("sklearn.ensemble.HistGradientBoostingClassifier", max_iter=10),
    "SVM": estimator("sklearn.svm.SVC", probability=True),
    "nearest neighbours": RAW | estimator("sklearn.neighbors.KNeighborsClassifier"),
}


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
@pytest.mark.parametrize("fields", EXPORTED.values(), ids=EXPORTED)
def test_an_estimator_exports_with_parity(
    digits: Mapping[str, LabelledRows], tmp_path: Path, fields: dict[str, Any]
) -> None:
    finished = train(digits["part-1"], digits["holdout"], tmp_path, fields)
    assert finished.parity.rows == 800
    assert finished.parity.largest_difference < 1e-5
    assert finished.metrics.summary()["accuracy"] > 0.75
    labels, probabilities = answer(finished.bundle.model_bytes, digits["holdout"].features)
    assert (labels.dtype.name, labels.shape) == ("int64", (800,))
    assert (probabilities.dtype.name, probabilities.shape) == ("float32", (800, 10))


def test_two_classes_are_enough(digits: Mapping[str, LabelledRows], tmp_path: Path) -> None:
    def only(rows: LabelledRows) -> LabelledRows:
        kept = [index for index, label in enumerate(rows.labels) if label in "38"]
        labels = tuple("three" if rows.labels[index] == "3" else "eight" for index in kept)
        return LabelledRows(rows.name, rows.features[kept], labels, rows.feature_names)

    finished = train(only(digits["part-1"]), only(digits["holdout"]), tmp_path)
    assert finished.bundle.manifest.classes == ("eight", "three")
    assert finished.metrics.summary()["accuracy"] > 0.9
    assert answer(finished.bundle.model_bytes, digits["holdout"].features)[1].shape == (800, 2)


MLP = "sklearn.neural_network.MLPClassifier"
REFUSED: dict[str, tuple[dict[str, Any], type[TrainingError], str]] = {
    "no such module": (
        estimator("sklearn.no_such.Classifier"),
        ParametersNotUsable,
        "estimator: sklearn.no_such.Classifier cannot be imported: No module named 'sklearn.no_such'",
    ),
    "no such class": (
        estimator("sklearn.svm.SVD"),
        ParametersNotUsable,
        "estimator: sklearn.svm.SVD cannot be imported: module 'sklearn.svm' has no attribute 'SVD'",
    ),
    "a function": (
        estimator("os.path.join"),
        ParametersNotUsable,
        "estimator: os.path.join is not a scikit-learn estimator",
    ),
    "a class of another kind": (
        estimator("pathlib.Path"),
        ParametersNotUsable,
        "estimator: pathlib.Path is not a scikit-learn estimator",
    ),
    "a regressor": (
        estimator("sklearn.linear_model.LinearRegression"),
        ParametersNotUsable,
        "estimator: sklearn.linear_model.LinearRegression is not a classifier that gives probabilities",
    ),
    "a classifier without probabilities": (
        estimator("sklearn.svm.LinearSVC"),
        ParametersNotUsable,
        "estimator: sklearn.svm.LinearSVC is not a classifier that gives probabilities",
    ),
    "an argument that there is not": (
        estimator(MLP, layers=3),
        ParametersNotUsable,
        f"estimator: {MLP}: MLPClassifier.__init__() got an unexpected keyword argument 'layers'",
    ),
    "an argument that is missing": (
        estimator("sklearn.multiclass.OneVsRestClassifier"),
        ParametersNotUsable,
        "estimator: sklearn.multiclass.OneVsRestClassifier: ",
    ),
    "an argument's value": (
        estimator(MLP, max_iter="many"),
        ParametersNotUsable,
        f"sklearn.preprocessing.MinMaxScaler and {MLP}: The 'max_iter' parameter of MLPClassifier must be an int",
    ),
    "a preprocessing that does not transform": (
        {"preprocessing": {"class": "sklearn.svm.SVC"}},
        ParametersNotUsable,
        f"sklearn.svm.SVC and {MLP}: All intermediate steps should be transformers",
    ),
    "a preprocessing that cannot be had": (
        {"preprocessing": {"class": "sklearn.preprocessing.Scaler"}},
        ParametersNotUsable,
        "preprocessing: sklearn.preprocessing.Scaler cannot be imported: ",
    ),
    "no converter for the estimator": (
        estimator("sklearn.semi_supervised.LabelPropagation"),
        ParametersNotUsable,
        "MinMaxScaler and LabelPropagation cannot be exported to ONNX: Unable to find",
    ),
    "a converter for fewer classes": (
        RAW | estimator("sklearn.gaussian_process.GaussianProcessClassifier"),
        ParametersNotUsable,
        "GaussianProcessClassifier cannot be exported to ONNX: Only binary classification",
    ),
    "data that it cannot learn from": (
        STANDARD | estimator("sklearn.naive_bayes.MultinomialNB"),
        DataNotUsable,
        "digits:part-1: sklearn.preprocessing.StandardScaler and sklearn.naive_bayes.MultinomialNB cannot learn",
    ),
    "a holdout that it cannot answer": (
        RAW | estimator("sklearn.neighbors.RadiusNeighborsClassifier"),
        ParityNotReached,
        "digits:holdout: no answers to compare: No neighbors found",
    ),
}


@pytest.mark.parametrize(("fields", "kind", "expected"), REFUSED.values(), ids=REFUSED)
def test_an_estimator_that_cannot_be_had_is_refused_in_one_line(
    digits: Mapping[str, LabelledRows], tmp_path: Path, fields: dict[str, Any], kind: type[TrainingError], expected: str
) -> None:
    with pytest.raises(kind) as refused:
        train(digits["part-1"], digits["holdout"], tmp_path, fields)
    assert str(refused.value).startswith(expected)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
