from collections.abc import Iterator

import pytest

from tests.promotion.kubernetes.place import Place, run_release


@pytest.fixture(scope="package")
def release() -> Iterator[Place]:
    with run_release() as place:
        yield place


@pytest.fixture
def place(release: Place) -> Place:
    """The release, at 0 %, without a record."""
    release.reset()
    return release
