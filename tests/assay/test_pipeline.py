"""dvc.yaml in a repository of its own: what runs again after a change, the bundle, and what DVC shows of it."""

from pathlib import Path

import orjson
import pytest

from tests.assay.pipeline_repository import STAGES, Repository
from tests.assay.program import assay

QUICK = {"class": "sklearn.linear_model.LogisticRegression", "arguments": {"max_iter": 50}}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_pipeline_runs_what_has_changed_and_shows_what_came_of_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.set(estimator=QUICK)
    repository.commit()
    assert repository.repro() == STAGES
    at_once = assay("train", "--params", "params.yaml", "--out", "build/at-once", "--json", cwd=tmp_path)
    assert at_once.json()["digest"] == repository.digest(), at_once.stderr
    repository.run("git", "add", "dvc.lock")
    repository.commit()

    repository.set(model={"name": "renamed"})
    assert repository.repro() == ("inference_model",)
    repository.set(estimator={**QUICK, "arguments": {"max_iter": 2}})
    assert repository.repro() == ("train_model", "inference_model")

    shown = orjson.loads(repository.run("dvc", "metrics", "show", "--json"))
    metrics = orjson.loads((tmp_path / "build/report/metrics.json").read_bytes())
    assert shown[""]["data"]["build/report/metrics.json"]["data"]["accuracy"] == metrics["accuracy"]
    changed = orjson.loads(repository.run("dvc", "metrics", "diff", "--json"))["build/report/metrics.json"]
    assert changed["accuracy"]["old"] == at_once.json()["metrics"]["accuracy"]
    assert changed["accuracy"]["new"] == metrics["accuracy"] != changed["accuracy"]["old"]
    repository.run("dvc", "plots", "show", "--out", "build/plots")
    page = (tmp_path / "build/plots/index.html").read_text()
    assert "confusion" in page
    assert "worst_mistakes.png" in page
