"""The smoke test of a built image: it serves a bundle, and answers a fixed row as expected. `make smoke` runs it.

The container has no more than the chart gives it: no root, no writable root file system, no capabilities.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from bundle import read_bundle
from tests.assay.program import train
from tests.image.docker import CONFINED, docker, image_under_test, wait_until_ready

pytestmark = [pytest.mark.image, pytest.mark.slow]

FIXED_ROW = Path(os.environ.get("ASSAY_TEST_ROW") or Path(__file__).with_name("fixed_row.json"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one that `make smoke` names, or one that is trained here."""
    named = os.environ.get("ASSAY_TEST_BUNDLE")
    if named and Path(named).exists():
        return Path(named).resolve()
    return Path(train(tmp_path_factory.mktemp("bundles"), "digits:part-1", "digits:part-2")["bundle"])


@pytest.fixture(scope="module")
def container(bundle: Path) -> Iterator[str]:
    image = image_under_test()
    place = ["--env", "ASSAY_WITHOUT_KEYS=true", "--publish", "127.0.0.1::8000", "--volume", f"{bundle}:/bundle:ro"]
    command = ["serve", "--bundle", "/bundle", "--host", "::", "--http-port", "8000"]
    name = docker("run", "--detach", *CONFINED, *place, image, *command)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


@pytest.fixture(scope="module")
def url(container: str) -> str:
    port = docker("port", container, "8000/tcp").rpartition(":")[2]
    return wait_until_ready(f"http://127.0.0.1:{port}", lambda: docker("logs", container))


def test_a_fixed_row_gets_the_answer_that_is_expected(url: str) -> None:
    fixed = orjson.loads(FIXED_ROW.read_bytes())
    answer = httpx.post(f"{url}/classify", json={"row": fixed["row"]}, trust_env=False).json()
    assert answer["label"] == fixed["label"]


def test_it_says_which_bundle_it_serves(url: str, bundle: Path) -> None:
    assert httpx.get(f"{url}/metadata", trust_env=False).json()["bundle_digest"] == read_bundle(bundle).digest


def test_docker_finds_it_healthy(url: str, container: str) -> None:
    """`url`: it is ready; the first look comes within the health check's interval."""
    state = "{{.State.Health.Status}}"
    deadline = time.monotonic() + 30
    while docker("inspect", "--format", state, container) == "starting" and time.monotonic() < deadline:
        time.sleep(0.5)
    assert docker("inspect", "--format", state, container) == "healthy"


def test_it_ends_cleanly_when_it_is_asked_to(url: str, container: str) -> None:
    docker("stop", "--time", "30", container)
    assert docker("inspect", "--format", "{{.State.ExitCode}}", container) == "0"
