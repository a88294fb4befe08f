"""Regression models through the whole gate: trained on real data, served by real processes, judged by `assay gate`."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import bootstrap, ttest_rel

from assay.labelled_data import load_rows
from promotion.gate.record import EvidenceRecord
from tests.assay.program import Finished, assay
from tests.promotion.evidence.predictors import run_predictor
from tests.training.experiments import estimator, train
from training.onnx_answers import answer_with_onnx

HOLDOUT = load_rows("diabetes:holdout")
MODELS = {
    "line": estimator("sklearn.linear_model.Ridge"),
    "stiff": estimator("sklearn.linear_model.Ridge", alpha=10.0),
    "neighbours": estimator("sklearn.neighbors.KNeighborsRegressor"),
}
"""By name; `line` errs by 46.8 in the mean, `stiff` by 49.8, `neighbours` by 53.3."""


class Served:
    """Where each model answers, and how far off it is, row by row, by ONNX Runtime itself."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        self.errors: dict[str, NDArray[np.float64]] = {}

    def gate(self, stable: str, canary: str, *more: object) -> Finished:
        urls = ["--stable", self.urls[stable], "--canary", self.urls[canary]]
        return assay("gate", *urls, "--holdout", "diabetes:holdout", *more)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served()
    with ExitStack() as stack:
        for name, chosen in MODELS.items():
            fields: Mapping[str, Any] = {"task": "regression", **chosen}
            bundle = train(load_rows("diabetes"), HOLDOUT, tmp_path_factory.mktemp(name), fields).bundle
            found.urls[name] = stack.enter_context(run_predictor(bundle.path, name)).url
            answered = answer_with_onnx(bundle.model_bytes, HOLDOUT)["value"].reshape(-1).astype(np.float64)
            found.errors[name] = np.abs(answered - HOLDOUT.targets())
        yield found


def test_a_canary_that_errs_less_is_promoted_with_numbers_that_scipy_finds_too(served: Served, tmp_path: Path) -> None:
    page, out = tmp_path / "report.html", tmp_path / "evidence.json"
    done = served.gate("neighbours", "line", "--json", "--out", out, "--report", page)
    assert done.code == 0, done.stderr
    record = EvidenceRecord.model_validate_json(done.stdout)
    assert out.read_text() == done.stdout
    assert (record.verdict, record.n, record.b, record.c, record.margin) == ("PROMOTE", 142, None, None, 0.05)
    assert [reason.code for reason in record.reasons] == ["NOT_WORSE_SHOWN"]
    stable, canary = served.errors["neighbours"], served.errors["line"]
    found = record.errors
    assert found is not None
    assert [found.stable_error, found.canary_error] == pytest.approx([stable.mean(), canary.mean()])
    assert found.growth == pytest.approx(canary.mean() / stable.mean() - 1)
    # Fieller's bound is where the t test of the paired errors turns
    assert found.bound_by_t is not None
    turns = ttest_rel((1 + found.bound_by_t) * stable, canary, alternative="greater")
    assert turns.pvalue == pytest.approx(record.alpha)
    resampled = bootstrap(
        (stable, canary),
        lambda one, other, axis: other.mean(axis=axis) / one.mean(axis=axis) - 1,
        paired=True,
        n_resamples=9999,
        confidence_level=0.9,
        rng=np.random.default_rng(5),
    )
    assert found.bound_by_bootstrap == pytest.approx(resampled.confidence_interval.high, abs=0.006)
    assert found.harm_p_value == pytest.approx(ttest_rel(canary, stable, alternative="greater").pvalue)

    html = page.read_text()
    for title in ("The growth of the error against the margin", "How far off both are", "Rows that tell the two apart"):
        assert title in html
    assert html.count("<svg") == 3
    assert re.findall(r"<(?:script|link|img|iframe)\b|@import|url\((?!#)|href=\"http", html) == []
    worst = max(range(142), key=lambda row: canary[row] - stable[row])
    assert record.advisory.erring_rows[0].row == worst + 1
    assert f"<td>{worst + 1}</td>" in html
    assert record.advisory.error_spread is not None
    assert sum(record.advisory.error_spread.canary) == 142
    assert record.headline.startswith("the canary's mean error is smaller by at least 5.3")
    assert record.advisory.error_course[-1].bound_by_t == pytest.approx(found.bound_by_t)


def test_a_canary_that_errs_more_is_rejected_for_a_person_to_read(served: Served) -> None:
    done = served.gate("line", "neighbours")
    assert done.code == 10
    lines = done.stdout.splitlines()
    assert lines[0] == "REJECT: the canary's mean error is 53.33, stable's 46.79: it is larger (p = 0.0025)"
    assert lines[2] == "n = 142 rows"
    assert lines[3] == "mean absolute error: stable 46.7946, canary 53.3254, difference +13.96%"
    assert lines[-2:] == [
        "stable over HTTP: 6 requests, 0 of them retries",
        "canary over HTTP: 6 requests, 0 of them retries",
    ]


def test_what_the_rows_do_not_show_is_inconclusive_with_the_rows_that_would(served: Served, tmp_path: Path) -> None:
    config = tmp_path / "gate.yaml"
    config.write_text("growth_margin: 0.02\nslices: {old: age > 50}\n")
    done = served.gate("stiff", "stiff", "--config", config)
    assert done.code == 11
    assert done.stdout.startswith("INCONCLUSIVE: 142 rows cannot show a margin of 2.00%; at least 149 are needed\n")
    config.write_text("slices: {old: age > 50}\n")
    done = served.gate("stiff", "neighbours", "--config", config)
    assert done.code == 11
    assert re.match(
        r"INCONCLUSIVE: 142 rows do not show a margin of 5.00%: the mean error may grow by 15.\d+%; about 1\d{3} are ",
        done.stdout,
    )
    assert [line.split()[:3] for line in done.stdout.splitlines() if line.startswith("old")] == [
        ["old", "no", "70"],
        ["old", "yes", "72"],
    ]


def test_what_only_classifiers_have_is_refused_and_not_passed_over(served: Served, tmp_path: Path) -> None:
    config = tmp_path / "gate.yaml"
    config.write_text("minimum_accuracy: 0.9\nrequired_classes: [a]\n")
    done = served.gate("line", "line", "--config", config)
    assert done.code == 12
    assert done.stderr.strip().splitlines()[-1] == (
        "assay: ERROR: gate.yaml has minimum_accuracy and required_classes, but the models answer with numbers; "
        "expected a gate.yaml without"
    )
