from collections.abc import Iterator

import pytest

from bundle import Bundle
from promotion.evidence.holdout_replay import HoldoutReplay
from tests.promotion.evidence.columns import write_column_bundle
from tests.promotion.evidence.door import Door, open_door
from tests.promotion.evidence.predictors import RunningPredictor, run_predictor


@pytest.fixture(scope="package")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A bundle for each column that answers."""
    directory = tmp_path_factory.mktemp("columns")
    return {column: write_column_bundle(directory, column) for column in ("v1", "v2", "v3")}


@pytest.fixture(scope="package")
def stable(bundles: dict[str, Bundle]) -> Iterator[RunningPredictor]:
    with run_predictor(bundles["v1"].path, "first", speaks_grpc=True) as predictor:
        yield predictor


@pytest.fixture(scope="package")
def canary(bundles: dict[str, Bundle]) -> Iterator[RunningPredictor]:
    with run_predictor(bundles["v2"].path, "second", speaks_grpc=True) as predictor:
        yield predictor


@pytest.fixture
def replay(stable: RunningPredictor, canary: RunningPredictor) -> HoldoutReplay:
    return HoldoutReplay(stable.url, canary.url)


@pytest.fixture
def door(canary: RunningPredictor) -> Iterator[Door]:
    """A door in front of the canary."""
    with open_door(canary.url) as opened:
        yield opened
