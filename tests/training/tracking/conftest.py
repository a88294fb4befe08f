"""A store with a finished experiment, read by many tests and written by none; and one of its own for who writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dataset import LabelledRows
from tests.tracking_stores import copy_of, served
from tests.training.experiments import train
from training.experiment import FinishedExperiment
from training.parameters import TrainingParameters
from training.tracking.opening import open_tracking
from training.tracking.store import TrackingStore

LOGISTIC = {
    "model": {"name": "digits"},
    "experiment": {"name": "first try"},
    "estimator": {"class": "sklearn.linear_model.LogisticRegression", "arguments": {"max_iter": 200}},
}


@dataclass(frozen=True)
class Kept:
    """A store, and the experiment that was kept in it."""

    store: TrackingStore
    finished: FinishedExperiment
    experiment_id: int


def keep(store: TrackingStore, part: LabelledRows, holdout: LabelledRows, bundles: Path) -> Kept:
    """Begin, train, finish, as `assay train --track` does."""
    run = store.begin("first try", "digits")
    parameters = TrainingParameters.model_validate(LOGISTIC).numbered(None, run.experiment_id)
    run.log_parameters(parameters)
    fields = {**LOGISTIC, "experiment": {"name": "first try", "id": run.experiment_id}}
    finished = train(part, holdout, bundles, fields)
    run.finish(finished)
    return Kept(store, finished, run.experiment_id)


@pytest.fixture(scope="session", params=["a file", "a server"])
def kept(
    request: pytest.FixtureRequest,
    empty_tracking_database: Path,
    digits: Mapping[str, LabelledRows],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Kept]:
    directory = tmp_path_factory.mktemp("kept")
    arguments = digits["part-1"], digits["holdout"], directory / "bundles"
    if request.param == "a file":
        yield keep(open_tracking(copy_of(empty_tracking_database, directory)), *arguments)
    else:
        with served(empty_tracking_database, directory) as url:
            yield keep(open_tracking(url), *arguments)


@pytest.fixture
def store(empty_tracking_database: Path, tmp_path: Path) -> TrackingStore:
    return open_tracking(copy_of(empty_tracking_database, tmp_path))
