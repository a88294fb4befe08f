from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import Bundle
from dataset import write_csv_table
from promotion.rollout.file_store import FileRolloutStore
from tests.promotion.evidence.columns import make_holdout, write_column_bundle
from tests.promotion.evidence.predictors import RunningPredictor, run_predictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import Place, run_gateway
from tests.promotion.rollout.surroundings import Surroundings


@pytest.fixture
def store(tmp_path: Path) -> FileRolloutStore:
    return FileRolloutStore(tmp_path)


@pytest.fixture
def around(store: FileRolloutStore) -> Surroundings:
    """A good canary, and nothing that fails yet."""
    return Surroundings(store)


@pytest.fixture(scope="package")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A bundle for each column that answers: v1 is stable, v2 better, v3 worse."""
    directory = tmp_path_factory.mktemp("columns")
    return {column: write_column_bundle(directory, column) for column in ("v1", "v2", "v3")}


@pytest.fixture(scope="package")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all predictors record."""
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="package")
def predictors(bundles: dict[str, Bundle], records: Path) -> Iterator[dict[str, RunningPredictor]]:
    """A predictor for each of them; none of these dies."""
    with (
        run_predictor(bundles["v1"].path, "v1", records=records) as stable,
        run_predictor(bundles["v2"].path, "v2", records=records) as better,
        run_predictor(bundles["v3"].path, "v3", records=records) as worse,
    ):
        yield {"v1": stable, "v2": better, "v3": worse}


@pytest.fixture(scope="package")
def gateway(
    predictors: dict[str, RunningPredictor], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    directory = tmp_path_factory.mktemp("machine") / "gateway"
    with run_gateway(directory, predictors["v1"]) as url:
        yield directory, url


@pytest.fixture
def place(gateway: tuple[Path, str], tmp_path: Path) -> Iterator[Place]:
    """The machine at 0 %, without a canary, before and after each test."""
    directory, url = gateway
    holdout = tmp_path / "holdout.csv"
    write_csv_table(make_holdout(), holdout)
    place = Place(directory, url, holdout, tmp_path / "rollouts")
    yield place
    place.router.restore_stable()
    place.router.assign("canary", None)


@pytest.fixture
def clients(place: Place) -> Iterator[Clients]:
    """Clients that post all the time; none of their requests may fail, whatever the test does."""
    with Clients(place.url) as running:
        running.wait_for_more()
        yield running
    assert running.failures == []
