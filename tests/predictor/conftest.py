import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from bundle import Bundle
from tests.predictor.bundles import write_contrary_bundle, write_digits_bundle
from tests.predictor.server_process import ServerProcess

StartServer = Callable[..., ServerProcess]


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_digits_bundle(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def contrary(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_contrary_bundle(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The contrary model without its loop, so that it is quick."""
    return write_contrary_bundle(tmp_path_factory.mktemp("bundles"), has_loop=False)


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same model as `contrary`, but another bundle."""
    return write_contrary_bundle(tmp_path_factory.mktemp("bundles"), turns_for_one=2)


@pytest.fixture(scope="session", params=[True, False], ids=["fast", "plain"])
def fast_path(request: pytest.FixtureRequest) -> bool:
    """Whether inference passes the web framework by: what holds of one way holds of the other."""
    return bool(request.param)


@pytest.fixture(scope="session")
def server(digits: Bundle, fast_path: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log = tmp_path_factory.mktemp("server") / "log"
    with ServerProcess(digits.path, log, revision="canary-1", grpc_port=0, fast_path=fast_path) as process:
        yield process.wait_until_ready()


@pytest.fixture(scope="session")
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers, ready or not, and ends them with the test."""
    numbers = itertools.count()
    with ExitStack() as stack:

        def start(bundle: Path | None, **settings: object) -> ServerProcess:
            return stack.enter_context(ServerProcess(bundle, tmp_path / f"log-{next(numbers)}", **settings))

        yield start
