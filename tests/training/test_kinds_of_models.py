"""Regressions and tables with categories: from real and made-up data to a bundle that answers as scikit-learn does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.labelled_data import load_rows
from dataset import DatasetMalformed, LabelledRows, concatenate, read_csv_table, shared_rows, write_csv_table
from tests.training.experiments import estimator, session, train
from training.errors import DataNotUsable, ParametersNotUsable
from training.graph_inputs import graph_inputs
from training.holdout_answers import answer_holdout
from training.inference_model import HoldoutMetrics, RegressionMetrics, inference_model

FOREST = {
    "task": "regression",
    "preprocessing": None,
    **estimator("sklearn.ensemble.RandomForestRegressor", n_estimators=20),
}
RIDGE = {"task": "regression", **estimator("sklearn.linear_model.Ridge")}
LOGISTIC = estimator("sklearn.linear_model.LogisticRegression", max_iter=1000)


def parts(name: str) -> tuple[LabelledRows, LabelledRows]:
    return load_rows(name), load_rows(f"{name}:holdout")


@pytest.mark.parametrize(("fields", "at_most"), [(FOREST, 58.0), (RIDGE, 58.0)], ids=["forest", "ridge"])
def test_diabetes_is_a_regression_better_than_the_mean(
    tmp_path: Path, fields: Mapping[str, Any], at_most: float
) -> None:
    rows, holdout = parts("diabetes")
    finished = train(rows, holdout, tmp_path, fields)
    manifest, metrics = finished.bundle.manifest, finished.metrics
    assert isinstance(metrics, RegressionMetrics)
    (values,) = session(finished.bundle.model_bytes).run(None, {"features": holdout.features.astype(np.float32)})
    errors = values[:, 0] - holdout.targets()
    assert metrics.mean_absolute_error == pytest.approx(np.abs(errors).mean())
    assert metrics.root_mean_squared_error == pytest.approx(np.sqrt((errors**2).mean()))
    assert metrics.mean_absolute_error < at_most < np.abs(holdout.targets() - rows.targets().mean()).mean()
    assert (manifest.task, manifest.classes) == ("regression", ())
    assert manifest.metrics == metrics.summary()
    assert [(part.name, part.datatype, part.shape) for part in manifest.outputs] == [("value", "FP32", (-1, 1))]
    assert inference_model(answer_holdout(finished.bundle.model_bytes, manifest, holdout)) == metrics


def test_breast_cancer_is_a_classification(tmp_path: Path) -> None:
    finished = train(*parts("breast-cancer"), tmp_path, LOGISTIC)
    assert isinstance(finished.metrics, HoldoutMetrics)
    assert finished.metrics.accuracy > 0.95
    assert finished.bundle.manifest.classes == ("benign", "malignant")


@pytest.mark.parametrize(("name", "fields"), [("apartments", LOGISTIC), ("rents", FOREST)])
def test_a_table_with_categories_has_an_input_for_each_column(
    tmp_path: Path, name: str, fields: Mapping[str, Any]
) -> None:
    rows, holdout = parts(name)
    finished = train(rows, holdout, tmp_path / "one", fields)
    manifest = finished.bundle.manifest
    assert [(part.name, part.datatype) for part in manifest.inputs] == [
        (column, "BYTES" if column in ("district", "heating") else "FP32") for column in rows.feature_names
    ]
    assert manifest.categories == dict(rows.categories)
    again = train(rows, holdout, tmp_path / "another", fields)
    assert again.bundle.digest == finished.bundle.digest


def test_categories_are_learned_from(tmp_path: Path) -> None:
    rows, holdout = parts("rents")
    finished = train(rows, holdout, tmp_path, FOREST)
    assert isinstance(finished.metrics, RegressionMetrics)
    graph = session(finished.bundle.model_bytes)
    inputs = graph_inputs(holdout)
    (values,) = graph.run(None, inputs)
    (elsewhere,) = graph.run(None, inputs | {"district": np.full((len(holdout), 1), "old town", dtype=np.object_)})
    (unknown,) = graph.run(None, inputs | {"district": np.full((len(holdout), 1), "moon", dtype=np.object_)})
    assert elsewhere.mean() > values.mean() * 1.1, "the dearest district"
    assert np.isfinite(unknown).all(), "an unknown category is none of the known ones"
    assert finished.metrics.r2 > 0.8


def test_a_table_with_categories_comes_back_from_its_file(tmp_path: Path) -> None:
    rows = load_rows("apartments:holdout")
    write_csv_table(rows, tmp_path / "apartments.csv")
    assert read_csv_table(tmp_path / "apartments.csv").digest == rows.digest
    assert read_csv_table(tmp_path / "apartments.csv").texts("heating") == rows.texts("heating")


def test_parts_that_know_other_categories_are_put_together_by_text(tmp_path: Path) -> None:
    for name, lines in {"one": "yes,2,red\nno,3,blue\n", "two": "yes,2,red\nno,4,amber\n"}.items():
        (tmp_path / f"{name}.csv").write_text(f"label,size,colour\n{lines}")
    one, two = (read_csv_table(tmp_path / f"{name}.csv") for name in ("one", "two"))
    both = concatenate([one, two])
    assert both.texts("colour") == ["red", "blue", "red", "amber"]
    assert both.categories["colour"] == ("amber", "blue", "red")
    assert shared_rows(one, two) == [(0, 0)]
    assert concatenate([one]).digest == one.digest


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("yes,red\nno,3\n", r"one.csv, line 2, column x: 'red' is not a finite number, as others of the column are"),
        ("yes,3\nno,red\n", r"one.csv, line 3, column x: 'red' is not a finite number"),
    ],
)
def test_a_column_has_numbers_or_categories(tmp_path: Path, lines: str, message: str) -> None:
    (tmp_path / "one.csv").write_text(f"label,x\n{lines}")
    with pytest.raises(DatasetMalformed, match=message):
        read_csv_table(tmp_path / "one.csv")


def test_what_cannot_be_a_regression_is_told(tmp_path: Path) -> None:
    rows, holdout = parts("diabetes")
    with pytest.raises(ParametersNotUsable, match="LogisticRegression is not a regressor; task: regression"):
        train(rows, holdout, tmp_path, {**LOGISTIC, "task": "regression"})
    with pytest.raises(DatasetMalformed, match=r"row 1, column diagnosis: '.*' is not a finite number"):
        train(*parts("breast-cancer"), tmp_path, RIDGE)
    (tmp_path / "taken.csv").write_text("label,value,c\n1,2,red\n3,4,blue\n")
    taken = read_csv_table(tmp_path / "taken.csv")
    with pytest.raises(DataNotUsable, match="a feature is named 'value', as an output of the model is"):
        train(taken, taken.first(1), tmp_path, RIDGE)


def test_a_column_is_of_one_kind_in_all_parts(tmp_path: Path) -> None:
    rows = load_rows("rents")
    plain = LabelledRows("plain", rows.features[:9], rows.labels[:9], rows.feature_names)
    with pytest.raises(DatasetMalformed, match="plain: 'district' has numbers, but rents:train has categories there"):
        train(rows, plain, tmp_path, RIDGE)


REGRESSORS = {
    "MLP": estimator("sklearn.neural_network.MLPRegressor", hidden_layer_sizes=[16], solver="lbfgs", max_iter=100),
    "histogram boosting": {
        "preprocessing": None,
        **estimator("sklearn.ensemble.HistGradientBoostingRegressor", max_iter=20),
    },
    "SVM": estimator("sklearn.svm.SVR", C=500.0),
    "linear regression": estimator("sklearn.linear_model.LinearRegression"),
    "random forest": {"preprocessing": None, **estimator("sklearn.ensemble.RandomForestRegressor", n_estimators=10)},
}
STANDARD = {"preprocessing": {"class": "sklearn.preprocessing.StandardScaler"}}
CLASSIFIERS = {
    "MLP": STANDARD | estimator("sklearn.neural_network.MLPClassifier", hidden_layer_sizes=[8], max_iter=60),
    "histogram boosting": {
        "preprocessing": None,
        **estimator("sklearn.ensemble.HistGradientBoostingClassifier", max_iter=20),
    },
    "SVM": STANDARD | estimator("sklearn.svm.SVC", probability=True, kernel="linear"),
    "logistic regression": LOGISTIC,
    "random forest": {
        "preprocessing": None,
        **estimator("sklearn.ensemble.RandomForestClassifier", n_estimators=20, min_samples_leaf=20),
    },
}


@pytest.mark.parametrize("name", ["diabetes", "rents"], ids=["numbers", "numbers and categories"])
@pytest.mark.parametrize("fields", REGRESSORS.values(), ids=REGRESSORS)
def test_a_regressor_exports_with_parity_and_beats_the_mean(
    tmp_path: Path, fields: Mapping[str, Any], name: str
) -> None:
    rows, holdout = parts(name)
    finished = train(rows, holdout, tmp_path, {"task": "regression", **fields})
    assert isinstance(finished.metrics, RegressionMetrics)
    by_the_mean = np.abs(holdout.targets() - rows.targets().mean()).mean()
    assert finished.metrics.mean_absolute_error < 0.95 * by_the_mean
    assert finished.metrics.r2 > 0.1


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
@pytest.mark.parametrize("name", ["breast-cancer", "apartments"], ids=["numbers", "numbers and categories"])
@pytest.mark.parametrize("fields", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_a_classifier_exports_with_parity_and_beats_the_commonest_class(
    tmp_path: Path, fields: Mapping[str, Any], name: str
) -> None:
    rows, holdout = parts(name)
    finished = train(rows, holdout, tmp_path, fields)
    assert isinstance(finished.metrics, HoldoutMetrics)
    commonest = max(one.rows for one in finished.metrics.classes) / finished.metrics.rows
    assert finished.metrics.accuracy > commonest + 0.05
