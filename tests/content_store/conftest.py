import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from bundle import Bundle
from tests.content_store.s3_server import SECRET, S3Server
from tests.content_store.samples import files_of, make_bundle
from tests.content_store.store_process import StoreProcess

StartStore = Callable[..., StoreProcess]
UseS3 = Callable[[str], None]


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


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> UseS3:
    """Points the AWS SDK to an endpoint, with credentials, and away from what this machine is set up for."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return lambda url: monkeypatch.setenv("AWS_ENDPOINT_URL", url)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory, bundle: Bundle) -> Iterator[S3Server]:
    """An S3 with the bundle in FOLDER."""
    with S3Server(tmp_path_factory.mktemp("s3") / "log") as server:
        server.put_folder("digits/1", files_of(bundle))
        yield server


@pytest.fixture
def stored(s3: S3Server, use: UseS3) -> S3Server:
    """That one, in use."""
    use(s3.url)
    return s3
