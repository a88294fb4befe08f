from pathlib import Path

import pytest

from promotion.rollout.file_store import FileRolloutStore
from tests.promotion.rollout.surroundings import Surroundings


@pytest.fixture
def store(tmp_path: Path) -> FileRolloutStore:
    return FileRolloutStore(tmp_path)


@pytest.fixture
def around(store: FileRolloutStore) -> Surroundings:
    """A good canary, and nothing that fails yet."""
    return Surroundings(store)
