"""`assay bundle card`: what a reader finds in it, of bundles of each kind."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from assay.labelled_data import load_rows
from assay.model_card import write_card
from bundle import Bundle, write_bundle
from tests.assay.program import assay
from tests.training.experiments import estimator, train
from training.inference_model import HoldoutMetrics

LOGISTIC = estimator("sklearn.linear_model.LogisticRegression", max_iter=500)
LINEAR = {"task": "regression", **estimator("sklearn.linear_model.LinearRegression")}


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_classifiers_card_has_its_numbers_with_wilsons_intervals(tmp_path: Path, form: str) -> None:
    finished = train(load_rows("breast-cancer"), load_rows("breast-cancer:holdout"), tmp_path, LOGISTIC)
    assert isinstance(finished.metrics, HoldoutMetrics)
    card = write_card(finished.bundle, form)
    right = round(finished.metrics.accuracy * 200)
    low, high = proportion_confint(right, 200, method="wilson")
    assert f"95 % interval {low:.4g} to {high:.4g}" in card
    benign, rows = finished.metrics.confusion_matrix[0][0], finished.metrics.classes[0].rows
    low, high = proportion_confint(benign, rows, method="wilson")
    assert f"{low:.3f} to {high:.3f}" in card
    mistakes = finished.metrics.confusion_matrix[1][0]
    assert f"malignant, answered benign: {mistakes} row" in card
    lineage = finished.bundle.manifest.lineage
    assert lineage is not None
    for text in (finished.bundle.digest, lineage.holdout.digest, lineage.training_data[0].digest, lineage.commit):
        assert text in card


def test_a_regressions_card_has_the_interval_of_its_error(tmp_path: Path) -> None:
    finished = train(load_rows("rents"), load_rows("rents:holdout"), tmp_path, LINEAR)
    card = write_card(finished.bundle, "markdown")
    assert f"Mean absolute error **{finished.metrics.summary()['mean_absolute_error']:.4g}**, 95 % interval" in card
    assert "A category that the training has not seen counts as none of the known ones." in card
    assert "| class |" not in card


def test_a_name_cannot_write_into_the_page(tmp_path: Path) -> None:
    rows, holdout = (
        replace(one, labels=tuple(label.replace("benign", "<script>x</script>") for label in one.labels))
        for one in (load_rows("breast-cancer"), load_rows("breast-cancer:holdout"))
    )
    card = write_card(train(rows, holdout, tmp_path, LOGISTIC).bundle, "html")
    assert "<script>" not in card
    assert "&lt;script&gt;x" in card


def test_a_bundle_without_lineage_says_what_is_not_known(tmp_path: Path) -> None:
    finished = train(load_rows("rents"), load_rows("rents:holdout"), tmp_path, LINEAR)
    update: dict[str, Any] = {"lineage": None, "measured": None, "metrics": {}}
    foreign: Bundle = write_bundle(
        tmp_path, finished.bundle.manifest.model_copy(update=update), finished.bundle.model_bytes
    )
    done = assay("bundle", "card", foreign.path)
    assert done.code == 0, done.stderr
    assert "Not trained here: neither its data nor its metrics are known." in done.stdout
    page = tmp_path / "card.html"
    assert assay("bundle", "card", foreign.path, "--out", page).code == 0
    assert page.read_text().startswith("<!doctype html>")
