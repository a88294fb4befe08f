"""A training run is begun, changed and ended, once each, and the bundles that it made are known by it."""

from datetime import timedelta

import pytest

from records.bundles import find_bundle, list_bundles, record_bundle
from records.database import Database
from records.errors import NotRecorded, RecordedOtherwise
from records.experiments import (
    ExperimentBegun,
    begin_experiment,
    change_experiment,
    find_experiment,
    finish_experiment,
    list_experiments,
)
from tests.records.predictions import NOW

HOLDOUT = {"name": "digits:holdout", "digest": "sha256:h", "rows": 800}
METRICS = {"accuracy": 0.97, "macro_f1": 0.96}
LATER = NOW + timedelta(minutes=1)


def begun(number: int) -> ExperimentBegun:
    return ExperimentBegun(
        id=number,
        name="demo",
        parameters={"seed": 0, "estimator": {"class": "x.Y"}},
        training_data=[{"name": "digits:part-1", "digest": "sha256:p", "rows": 200}],
        holdout=None,
        commit="unknown",
        mlflow_run_id=None,
        started_at=NOW,
    )


def test_a_run_goes_from_waiting_to_finished(database: Database) -> None:
    begin_experiment(database, begun(3), "waiting")
    assert find_experiment(database, 3).state == "waiting"
    begin_experiment(database, begun(3)._replace(mlflow_run_id="abc", started_at=LATER))
    running = find_experiment(database, 3)
    assert (running.state, running.mlflow_run_id, running.started_at) == ("running", "abc", LATER)
    for _ in range(2):
        finish_experiment(database, 3, METRICS, LATER, holdout=HOLDOUT)
    found = find_experiment(database, 3)
    assert found == running._replace(state="finished", metrics=METRICS, holdout=HOLDOUT, finished_at=LATER)
    assert found.training_data == [*begun(3).training_data]


def test_a_run_that_has_ended_stays_what_it_is(database: Database) -> None:
    begin_experiment(database, begun(1))
    change_experiment(database, 1, "cancelled", LATER)
    ended = find_experiment(database, 1)
    with pytest.raises(RecordedOtherwise, match="experiment 1 cancelled already; it cannot be finished any more"):
        finish_experiment(database, 1, METRICS, LATER, holdout=HOLDOUT)
    with pytest.raises(RecordedOtherwise, match="expected a new id"):
        begin_experiment(database, begun(1)._replace(started_at=LATER))
    begin_experiment(database, begun(1))  # which is what is there
    assert find_experiment(database, 1) == ended


def test_a_run_that_nobody_began_is_not_there(database: Database) -> None:
    with pytest.raises(NotRecorded, match="there is no experiment 7"):
        change_experiment(database, 7, "failed", NOW)


def test_runs_are_listed_from_the_newest_on(database: Database) -> None:
    for number in (2, 1, 4, 3):
        begin_experiment(database, begun(number))
    assert [found.id for found in list_experiments(database, limit=3)] == [4, 3, 2]
    assert [found.id for found in list_experiments(database, limit=3, before=2)] == [1]


def test_a_bundle_is_kept_once_and_known_by_the_run_that_made_it(database: Database) -> None:
    begin_experiment(database, begun(5))
    made = {"model": "demo", "version": 2, "task": "regression", "lineage": {"experiment_id": 5}, "format": 2}
    elsewhere = {"model": "other", "version": 1, "lineage": {"experiment_id": 99}}
    assert record_bundle(database, "sha256:a", made, NOW)
    assert not record_bundle(database, "sha256:a", made, LATER)
    assert record_bundle(database, "sha256:b", elsewhere, LATER)
    assert find_bundle(database, "sha256:a")[1:] == ("demo", 2, "regression", 5, made, NOW)
    assert find_bundle(database, "sha256:b").experiment_id is None
    assert [found.digest for found in list_bundles(database)] == ["sha256:b", "sha256:a"]
    assert [found.digest for found in list_bundles(database, experiment_id=5)] == ["sha256:a"]
    with pytest.raises(NotRecorded, match="there is no bundle sha256:c"):
        find_bundle(database, "sha256:c")
