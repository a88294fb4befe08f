"""dvc.yaml in a repository of its own: what runs again after a change, the bundle, and what DVC shows of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
import yaml

from tests.assay.program import assay

TOP = Path(__file__).parents[2]
STAGES = ("extract_data", "train_model", "inference_model")
QUICK = {"class": "sklearn.linear_model.LogisticRegression", "arguments": {"max_iter": 50}}


class Repository:
    """A git repository with the project's dvc.yaml and params.yaml."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "true",
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@b",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "COLUMNS": "200",
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
        }
        for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore", ".dvc/config", ".dvc/.gitignore"):
            (directory / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(TOP / name, directory / name)
        self.run("git", "init", "--quiet")

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.directory, env=self._environment, capture_output=True, text=True, timeout=280, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def repro(self) -> tuple[str, ...]:
        """The stages that ran."""
        said = self.run("dvc", "repro")
        return tuple(stage for stage in STAGES if f"Running stage '{stage}'" in said)

    def set(self, **fields: object) -> None:
        path = self.directory / "params.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **fields}, sort_keys=False))

    def commit(self) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "as it is")

    def digest(self) -> str:
        (bundle,) = (self.directory / "build/bundle").iterdir()
        return f"sha256:{bundle.name}"


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
