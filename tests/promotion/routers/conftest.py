from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promotion.routers.machine import Machine, run_machine


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine of the test's own."""
    with run_machine(tmp_path / "gateway") as running:
        yield running


@pytest.fixture(scope="module")
def split_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine at 100 %, for tests that change nothing."""
    with run_machine(tmp_path_factory.mktemp("split") / "gateway") as running:
        running.split(100)
        yield running
