import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from access.doorkeeper import Doorkeeper
from assay.labelled_data import load_rows
from assay.wiring import machine_abort, machine_watch
from console.http.app import create_app
from console.http.uploads import UploadedFiles
from console.metrics import ConsoleMetrics
from console.seed import Seed, plant
from console.services import Services
from console.settings import ConsoleSettings
from console.wiring import Program, wire
from content_store.limits import Limits
from tests.tracking_stores import copy_of

UPLOAD_BYTES = 200_000


@dataclass(frozen=True)
class WiredApp:
    """A console's doors, asked without a network."""

    client: TestClient
    services: Services


def wired_app(
    state: Path, empty_tracking_database: Path, *program: str, doorkeeper: Doorkeeper | None = None
) -> WiredApp:
    """What `assay console` serves, with the digits' holdout and first part; its jobs run `program` in place of `assay`.

    Its keeper does not run.
    """
    state.mkdir()
    copy_of(empty_tracking_database, state)
    settings = ConsoleSettings(state=state, gateway_port=1, upload_limit_bytes=UPLOAD_BYTES)
    own = Program(
        command=program,
        version="0",
        watch=machine_watch,
        abort=machine_abort,
        environment=str,
        write_rollout=lambda *_: None,
    )
    services = wire(state, settings, own, logging.getLogger("test")).services
    plant(Seed(load_rows("digits:holdout"), (load_rows("digits:part-1"),)), services, lambda _said: None)
    (state / "uploads").mkdir()
    app = create_app(
        services,
        ConsoleMetrics(CollectorRegistry()),
        UploadedFiles(state / "uploads", UPLOAD_BYTES, idle_seconds=5),
        Limits(content_bytes=2**20),
        doorkeeper or Doorkeeper(),
        version="0",
        hosts={"127.0.0.1"},
        find_problem=lambda: "",
        report=lambda _said: None,
        slow_seconds=60.0,
        trace_of_this=lambda: None,
    )
    return WiredApp(TestClient(app, base_url="http://127.0.0.1"), services)


@pytest.fixture
def console(tmp_path: Path, empty_tracking_database: Path) -> Iterator[WiredApp]:
    """Whose trainings wait until they are cancelled."""
    app = wired_app(tmp_path / "console", empty_tracking_database, "sh", "-c", "sleep 600")
    yield app
    for job in app.services.jobs.look():
        app.services.jobs.cancel(job.job_id, "the test's end")


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory, empty_tracking_database: Path) -> WiredApp:
    """For tests that only look, or are refused."""
    return wired_app(tmp_path_factory.mktemp("unchanged") / "console", empty_tracking_database, "false")
