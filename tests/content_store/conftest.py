import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from bundle import Bundle
from tests.content_store.samples import make_bundle
from tests.content_store.store_process import StoreProcess

StartStore = Callable[..., StoreProcess]


@pytest.fixture
def start_store(tmp_path: Path) -> Iterator[StartStore]:
    """Starts stores, and ends them with the test."""
    numbers = itertools.count()
    with ExitStack() as stack:

        def start(directory: Path | None = None, *options: object, file_limit_bytes: int | None = None) -> StoreProcess:
            log = tmp_path / f"log-{next(numbers)}"
            place = directory or tmp_path / "store"
            return stack.enter_context(StoreProcess(place, log, *options, file_limit_bytes=file_limit_bytes))

        yield start


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """One for a module, whose tests push different things."""
    place = tmp_path_factory.mktemp("store")
    with StoreProcess(place / "store", place / "log", "--limit-bytes", 1_000_000) as process:
        yield process


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[httpx.Client]:
    with store.client() as client:
        yield client


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("bundles"))
