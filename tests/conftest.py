"""For all tests: quick ones first, hypothesis' profile, and a way to forbid skips where every part is installed."""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.records.postgres_server import PostgresMissing, PostgresServer

MAY_NOT_SKIP = "TESTS_MAY_NOT_SKIP"


def pytest_configure() -> None:
    # A shell that starts the tests in the background lets them ignore Ctrl-C, and the programs they start with them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # No example is timed: the machine may be busy. A run that decides about a change tries the same ones each time, and
    # fewer: new ones are found where people work.
    decides = bool(os.environ.get(MAY_NOT_SKIP))
    settings.register_profile(
        "assay",
        deadline=None,
        derandomize=decides,
        max_examples=40 if decides else 100,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("assay")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get(MAY_NOT_SKIP) and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} is skipped although {MAY_NOT_SKIP} is set: {call.excinfo}"
    return report


@pytest.fixture(scope="session")
def empty_tracking_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables in a file, to copy."""
    from tests.tracking_stores import make_empty_database  # noqa: PLC0415 - MLflow takes seconds to load

    return make_empty_database(tmp_path_factory.mktemp("tracking") / "empty.db")


@pytest.fixture(scope="session")
def postgres_of_all_tests() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer()
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    with server:
        yield server


@pytest.fixture
def postgres(postgres_of_all_tests: PostgresServer) -> PostgresServer:
    """Running when the test begins, whatever the one before did to it."""
    postgres_of_all_tests.start()
    return postgres_of_all_tests
