"""The image of one container and one port: page, clients and gateway behind it, and what it keeps outlives it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.console.console_process import ConsoleClient, wait_for
from tests.image.docker import CONFINED, docker, standalone_image_under_test

pytestmark = [pytest.mark.image, pytest.mark.slow, pytest.mark.timeout(600)]

ROW = orjson.loads(Path(__file__).with_name("fixed_row.json").read_bytes())
HONEST = {"class": "sklearn.linear_model.LogisticRegression", "arguments": {"max_iter": 300}}


class Standalone(ConsoleClient):
    """A container of it on a volume of the test's own."""

    def __init__(self, volume: str) -> None:
        super().__init__()
        self.volume = volume
        self.access = "ASSAY_CONSOLE_WITHOUT_KEYS=true"
        self.container = ""

    def start(self) -> None:
        place = ("--env", self.access, "--publish", "127.0.0.1::7860", "--volume", f"{self.volume}:/data")
        self.container = docker("run", "--detach", *CONFINED, *place, standalone_image_under_test())
        self.url = f"http://127.0.0.1:{docker('port', self.container, '7860/tcp').rpartition(':')[2]}"
        wait_for(self._is_there, 120)

    def _is_there(self) -> bool:
        state = json.loads(docker("inspect", "--format", "{{json .State}}", self.container))
        assert state["Running"], docker("logs", self.container)
        try:
            return httpx.get(f"{self.url}/health", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Its exit code."""
        docker("stop", "--time", "60", self.container)
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", self.container))

    def classify(self) -> httpx.Response:
        return httpx.post(f"{self.url}/classify", json={"row": ROW["row"]}, timeout=30, trust_env=False)


@pytest.fixture
def standalone() -> Iterator[Standalone]:
    made = Standalone(docker("volume", "create"))
    try:
        made.start()
        yield made
    finally:
        if made.container:
            docker("rm", "--force", made.container)
        docker("volume", "rm", "--force", made.volume)


def test_page_and_clients_have_one_port_and_a_restart_keeps_what_there_is(standalone: Standalone) -> None:
    page = httpx.get(f"{standalone.url}/", follow_redirects=True, timeout=30, trust_env=False)
    assert (page.status_code, "Assay" in page.text) == (200, True)
    assert standalone.classify().status_code == 503
    experiment = standalone.train(HONEST)
    assert standalone.wait_for_experiment(experiment)["state"] == "finished"
    assert standalone.wait_for_deployment(standalone.deploy(experiment))["state"] == "serving"
    answer = standalone.classify()
    assert (answer.status_code, answer.json()["revision"]) == (200, "v1"), answer.text
    wait_for(lambda: _recorded(standalone) == [answer.json()["request_id"]])

    assert standalone.stop() == 0, docker("logs", standalone.container)
    assert "ended: predictor v1" in docker("logs", standalone.container)
    docker("rm", standalone.container)
    standalone.start()
    assert standalone.get(f"/experiments/{experiment}")["state"] == "finished"
    wait_for(lambda: standalone.classify().status_code == 200, 60)
    assert answer.json()["request_id"] in _recorded(standalone)


def test_with_keys_page_and_clients_are_asked_for_one(standalone: Standalone) -> None:
    create = ("keys", "create", "ann", "--scope", "infer", "--file", "/data/keys.json")
    mounted = ("--volume", f"{standalone.volume}:/data")
    key = docker("run", "--rm", *CONFINED, *mounted, standalone_image_under_test(), *create).splitlines()[0]
    assert standalone.stop() == 0
    docker("rm", standalone.container)
    standalone.access = "ASSAY_CONSOLE_KEYS_FILE=/data/keys.json"
    standalone.start()
    assert standalone.classify().status_code == 401
    headers = {"authorization": f"Bearer {key}"}
    allowed = httpx.post(f"{standalone.url}/classify", json={"row": ROW["row"]}, headers=headers, trust_env=False)
    assert allowed.status_code == 503, "it may ask, but nobody serves yet"
    assert httpx.get(f"{standalone.url}/experiments", headers=headers, trust_env=False).status_code == 403


def _recorded(standalone: Standalone) -> list[str]:
    """The ids of the requests that are recorded, the newest first."""
    found: Any = standalone.get("/predictions")
    return [one["request_id"] for one in found["predictions"]]
