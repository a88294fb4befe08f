"""`assay train --track`: an experiment that somebody began, or that it begins; and a registry that follows rollouts."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from assay.recorded_training import recorded_training
from assay.registry_aliases import RegistryAliases, with_aliases
from assay.rollout import RolloutParts, run_rollout
from assay.rollout_text import RolloutLines
from assay.termination import Terminated
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from records.bundles import list_bundles
from records.database import Database
from records.experiments import find_experiment
from tests.assay.program import assay, train
from tests.promotion.rollout.surroundings import CANARY_DIGEST, HOLDOUT, POLICY, STABLE_DIGEST, Surroundings, new_record
from tests.records.conftest import prepare
from tests.tracking_stores import copy_of
from training.parameters import TrainingParameters
from training.tracking.experiment import ExperimentState
from training.tracking.opening import open_tracking


def test_a_training_goes_on_with_the_experiment_that_was_begun(empty_tracking_database: Path, tmp_path: Path) -> None:
    url = copy_of(empty_tracking_database, tmp_path)
    store = open_tracking(url)
    store.begin("another", "classifier")
    begun = store.begin("default", "classifier").experiment_id
    result = train(tmp_path, "digits:part-1", more=["--track", url, "--experiment", str(begun)])
    assert (result["experiment_id"], result["registered_version"]) == (begun, 1) == (2, 1)
    experiment = store.read(begun)
    assert (experiment.state, experiment.bundle_digest) == (ExperimentState.FINISHED, result["digest"])
    arguments = ("--data", "digits", "--holdout", "digits:holdout", "--out", tmp_path)
    again = assay("train", *arguments, "--track", url, "--experiment", begun)
    assert (again.code, again.stdout) == (1, "")
    assert again.stderr == "assay: experiment 2 is finished; begin another one\n"


def test_a_training_that_fails_is_on_record_as_failed(empty_tracking_database: Path, tmp_path: Path) -> None:
    url = copy_of(empty_tracking_database, tmp_path)
    arguments = ("--data", "digits:holdout", "--holdout", "digits:holdout", "--out", tmp_path / "bundles")
    done = assay("train", *arguments, environment={"ASSAY_TRACKING_URL": url})
    assert done.code == 1
    (experiment,) = open_tracking(url).list()
    assert experiment.state is ExperimentState.FAILED
    assert done.stderr.strip().splitlines()[-1] == f"assay: {experiment.error}"
    assert "a holdout is never trained on" in str(experiment.error)
    assert experiment.parameters["estimator.class"] == "sklearn.neural_network.MLPClassifier"


@pytest.fixture
def registered(empty_tracking_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL, also set, of a registry with both bundles of the rollouts below."""
    url = copy_of(empty_tracking_database, tmp_path)
    store = open_tracking(url)
    for number, digest in enumerate((STABLE_DIGEST, CANARY_DIGEST), start=1):
        run = store.begin("first", "columns")
        store.registry.register("columns", f"runs:/{run.run}/model", run.run, number, digest)
    monkeypatch.setenv("ASSAY_TRACKING_URL", url)
    return url


def roll_out(tmp_path: Path, canary_column: str) -> RolloutRecord:
    """A whole rollout, as `assay promote` wires it, of revisions whose answers are known."""
    around = Surroundings(FileRolloutStore(tmp_path), canary_column=canary_column)
    parts = RolloutParts(
        router=around.router,
        counter=around.clients,
        source=around.revisions,
        store=around.store,
        clock=around.clock,
        keep_evidence=lambda _record, _evidence: None,
    )
    return run_rollout(with_aliases(parts), RolloutPlan(), HOLDOUT, POLICY, RolloutLines(lambda _lines: None))


@pytest.mark.parametrize(
    ("canary_column", "end", "expected"),
    [
        ("v2", RolloutState.PROMOTED, {"stable": CANARY_DIGEST}),
        ("v3", RolloutState.RESTORED, {"stable": STABLE_DIGEST}),
    ],
)
def test_the_registrys_aliases_follow_a_rollout(
    registered: str, tmp_path: Path, canary_column: str, end: RolloutState, expected: dict[str, str]
) -> None:
    finished = roll_out(tmp_path, canary_column)
    assert finished.state is end
    assert open_tracking(registered).registry.read_aliases("columns") == expected


def test_while_it_is_under_way_both_have_their_roles(registered: str) -> None:
    aliases = RegistryAliases(registered, lambda _line: None)
    under_way = replace(new_record(RolloutPlan()), began_at="2026-11-30T10:00:00")
    aliases.follow(under_way)
    aliases.finish(under_way)
    assert open_tracking(registered).registry.read_aliases("columns") == {
        "canary": CANARY_DIGEST,
        "stable": STABLE_DIGEST,
    }


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9", "the model registry's aliases stay as they were: http://127.0.0.1:9: "),
        ("ftp://elsewhere", "the model registry's aliases stay as they were: ftp: no such tracking store"),
    ],
)
def test_a_registry_that_is_away_is_told_of_and_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, said: str
) -> None:
    monkeypatch.setenv("ASSAY_TRACKING_URL", url)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    finished = roll_out(tmp_path, "v2")
    assert finished.state is RolloutState.PROMOTED
    assert said in capsys.readouterr().err


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """With the tables of records."""
    yield from prepare(f"sqlite:///{tmp_path / 'records.db'}")


def test_a_training_is_in_the_database_of_records(
    empty_tracking_database: Path, tmp_path: Path, database: Database
) -> None:
    tracking = copy_of(empty_tracking_database, tmp_path)
    at = {"ASSAY_DATABASE_URL": f"sqlite:///{tmp_path / 'records.db'}"}
    data = ("--data", "digits:part-1", "--holdout", "digits:holdout")
    done = assay("train", *data, "--track", tracking, "--out", tmp_path / "bundles", "--json", environment=at)
    assert done.code == 0, done.stderr
    found = find_experiment(database, 1)
    assert (found.state, found.metrics) == ("finished", done.json()["metrics"])
    assert [(part["name"], part["rows"]) for part in found.training_data] == [("digits:part-1", 200)]
    assert found.holdout is not None
    assert found.holdout["rows"] == 800
    (bundle,) = list_bundles(database, experiment_id=1)
    assert (bundle.digest, bundle.model) == (done.json()["digest"], "classifier")


def test_a_training_that_does_not_finish_ends_in_the_database_of_records_as_it_ends(
    empty_tracking_database: Path, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_tracking(copy_of(empty_tracking_database, tmp_path))
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"sqlite:///{tmp_path / 'records.db'}")
    for number, (error, state) in enumerate(((ZeroDivisionError, "failed"), (Terminated, "cancelled")), start=1):
        run = store.begin("default", "classifier")
        with suppress(error), recorded_training(run, TrainingParameters(), is_begun_here=True):
            assert find_experiment(database, number).state == "running"
            raise error
        assert find_experiment(database, number).state == state


def test_a_training_goes_on_without_the_database_of_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    with recorded_training(None, TrainingParameters(), is_begun_here=True):
        pass
    said = capsys.readouterr().err
    assert said.startswith("assay: the database of records will not have this training: ")
    assert "assay db create" in said
