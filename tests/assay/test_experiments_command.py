"""`assay experiments` on a store with two classifiers, two regressions and a failed one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from assay.labelled_data import load_rows
from console.paired_test import compare_paired
from tests.assay.in_process import assay_here
from tests.tracking_stores import copy_of
from tests.training.experiments import estimator, train
from training.holdout_answers import read_answers
from training.parameters import TrainingParameters
from training.tracking.opening import open_tracking
from training.tracking.paired_answers import PairedErrors, PairedRights

LOGISTIC = estimator("sklearn.linear_model.LogisticRegression", max_iter=200)
TREE = estimator("sklearn.tree.DecisionTreeClassifier", max_depth=4)
LINEAR = {"task": "regression", **estimator("sklearn.linear_model.LinearRegression")}
STUMP = {"task": "regression", **estimator("sklearn.tree.DecisionTreeRegressor", max_depth=1)}


@pytest.fixture(scope="module")
def url(empty_tracking_database: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("experiments")
    url = copy_of(empty_tracking_database, directory)
    store = open_tracking(url)
    for data, fields in (("digits", LOGISTIC), ("digits", TREE), ("rents", LINEAR), ("rents", STUMP)):
        numbered: dict[str, Any] = {**fields, "model": {"name": data}}
        run = store.begin("a comparison", data)
        numbered["experiment"] = {"name": "a comparison", "id": run.experiment_id}
        run.log_parameters(TrainingParameters.model_validate(numbered))
        rows = load_rows("digits:part-1" if data == "digits" else data)
        run.finish(train(rows, load_rows(f"{data}:holdout"), directory / "bundles", numbered))
    store.begin("a comparison", "digits").fail("no rows")
    store.registry.set_alias("stable", store.read(1).bundle_digest or "")
    return url


def test_a_list_has_them_with_their_roles_and_metrics(url: str) -> None:
    done = assay_here("experiments", "list", "--track", url)
    assert done.code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", "5", "4", "3", "2", "1"]
    assert "failed" in lines[1]
    assert "digits 1  stable" in lines[5]
    assert "accuracy 0.9" in lines[5]


def test_one_is_shown_in_full(url: str) -> None:
    shown = assay_here("experiments", "show", 2, "--track", url).stdout
    for text in ("finished", "digits 2", "sklearn.tree.DecisionTreeClassifier", "precision", "plots/calibration.png"):
        assert text in shown
    document = assay_here("experiments", "show", 5, "--json", environment={"ASSAY_TRACKING_URL": url}).json()
    assert (document["experiment_id"], document["state"], document["error"]) == (5, "failed", "no rows")


def test_a_diff_has_the_paired_test_of_the_same_rows(url: str) -> None:
    found = assay_here("experiments", "diff", 1, 2, "--track", url, "--json").json()
    assert found["parameters"]["estimator.arguments.max_depth"] == [None, "4"]
    assert "seed" not in found["parameters"]
    assert "experiment.id" not in found["parameters"]
    store = open_tracking(url)
    labels, first = (np.array(column) for column in read_answers(store.read_file(1, "answers.csv")))
    second = np.array(read_answers(store.read_file(2, "answers.csv"))[1])
    right = first == labels, second == labels
    table = [[int(((right[0] == a) & (right[1] == b)).sum()) for b in (True, False)] for a in (True, False)]
    test = found["paired_test"]
    assert (test["only_first_right"], test["only_second_right"], test["rows"]) == (table[0][1], table[1][0], 800)
    assert test["p_value"] == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert test["low"] < test["difference"] < test["high"] < 0
    text = assay_here("experiments", "diff", 1, 2, "--track", url).stdout
    assert "the second is shown to be worse" in " ".join(text.split())


def test_without_the_same_holdout_there_is_no_paired_test(url: str) -> None:
    found = assay_here("experiments", "diff", 1, 3, "--track", url, "--json").json()
    assert found["paired_test"] is None
    assert "a paired test needs the same rows" in found["no_paired_test_because"]
    done = assay_here("experiments", "diff", 1, 5, "--track", url)
    assert done.code == 0
    assert "no paired test: experiment 5 is failed, and has no answers to compare" in done.stdout


def test_regressions_are_compared_by_their_paired_errors(url: str) -> None:
    found = assay_here("experiments", "diff", 3, 4, "--track", url, "--json").json()
    test, metrics = found["paired_test"], found["metrics"]
    growth = metrics["4"]["mean_absolute_error"] / metrics["3"]["mean_absolute_error"] - 1
    assert test["difference"] == pytest.approx(growth)
    assert 0 < test["low"] < growth < test["high"]
    assert test["p_value"] < 1e-6


def test_the_same_answers_show_no_difference() -> None:
    right = np.array([True, False, True, True])
    same = compare_paired(PairedRights(right, right))
    assert (same.difference, same.p_value) == (0, 1)
    assert same.low < 0 < same.high
    errors = np.array([1.0, 2.0, 0.5])
    assert "no difference is shown" in compare_paired(PairedErrors(errors, errors)).text


def test_an_interval_of_errors_turns_around_with_its_sides() -> None:
    random = np.random.default_rng(3)
    first, second = np.abs(random.normal(size=200)), np.abs(random.normal(scale=1.5, size=200))
    ahead, back = compare_paired(PairedErrors(first, second)), compare_paired(PairedErrors(second, first))
    assert (1 + ahead.low) * (1 + back.high) == pytest.approx(1)
    assert (1 + ahead.high) * (1 + back.low) == pytest.approx(1)
    assert ahead.p_value == pytest.approx(back.p_value)


def test_what_is_not_there_is_one_line(url: str) -> None:
    done = assay_here("experiments", "show", 77, "--track", url)
    assert (done.code, done.stdout) == (1, "")
    assert "no experiment 77; `assay experiments list` has all" in done.stderr
