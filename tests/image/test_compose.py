"""compose.yaml really started, but for Grafana, which has no image on a machine without a registry.

What is answered is in PostgreSQL and outlives all containers, a canary is promoted at the gateway, and Prometheus sees
both revisions.
"""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml

from tests.assay.program import assay, free_ports, train
from tests.console.console_process import wait_for
from tests.helm.dashboards import DASHBOARDS
from tests.image.docker import docker, full_image_under_test, image_under_test, wait_until_ready

pytestmark = [pytest.mark.image, pytest.mark.slow, pytest.mark.timeout(600)]

REPOSITORY = Path(__file__).parents[2]
ROW = orjson.loads(Path(__file__).with_name("fixed_row.json").read_bytes())
ANSWERED = "SELECT string_agg(DISTINCT label, ',') FROM predictions"
STARTED = ("gateway", "frontend", "prometheus")
OTHERS_IMAGES = ("postgres:17-bookworm", "prom/prometheus:v3.5.0")
PLACE = ("--gateway", "/gateway", "--config", "/etc/assay/gate.yaml", "--out", "/tmp/rollouts")  # noqa: S108
QUICKLY = ("--steps", "50,100", "--minimum-requests", "20", "--minimum-seconds", "1")
ROLLOUT = (*PLACE, "--holdout", "digits:holdout", *QUICKLY)


class Composition:
    """The services of compose.yaml under a name of the test's own."""

    def __init__(self, folder: Path) -> None:
        image, full_image = image_under_test(), full_image_under_test()
        for needed in OTHERS_IMAGES:
            if docker("image", "ls", "--quiet", needed) == "":
                pytest.skip(f"there is no image {needed}; docker pull {needed}")
        self.port, self.page_port, self.prometheus_port = free_ports(3)
        secrets = folder / "secrets"
        done = assay("db", "secrets", secrets, "--host", "db")
        assert done.code == 0, done.stderr
        self._environment = {
            **os.environ,
            "ASSAY_IMAGE": image,
            "ASSAY_FULL_IMAGE": full_image,
            "BUNDLE": train(folder, "digits:part-1")["bundle"],
            "CANARY": train(folder, "digits:part-1", "digits:part-2", more=["--model-version", "2"])["bundle"],
            "PORT": str(self.port),
            "CONSOLE_PORT": str(self.page_port),
            "PROMETHEUS_PORT": str(self.prometheus_port),
            "SUBNET": "10.213.8",
            "SECRETS": str(secrets),
            "COMPOSE_PROJECT_NAME": f"assay-test-{self.port}",
        }

    def __call__(self, *arguments: str) -> str:
        command = ["docker", "compose", "--file", str(REPOSITORY / "compose.yaml"), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=280, env=self._environment, cwd=REPOSITORY
        )
        logs = "" if done.returncode == 0 or "logs" in arguments else self("logs", "--no-color", "--tail", "20")
        assert done.returncode == 0, f"docker compose {' '.join(arguments)}: {done.stderr}\n{logs}"
        return done.stdout.strip()

    def ask(self) -> httpx.Response:
        url = wait_until_ready(f"http://127.0.0.1:{self.port}", lambda: self("logs", "--no-color"))
        return httpx.post(f"{url}/classify", json={"row": ROW["row"]}, trust_env=False)

    def classify(self) -> str:
        return str(self.ask().json()["label"])

    def targets_up(self) -> set[str]:
        """What Prometheus could read."""
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/query"
        found = httpx.get(url, params={"query": "up == 1"}, timeout=10, trust_env=False).json()["data"]["result"]
        return {one["metric"]["instance"] for one in found}

    def ask_database(self, question: str) -> str:
        return self("exec", "--no-TTY", "db", "psql", "--username=assay", "--dbname=records", "-Atc", question)


@pytest.fixture
def composition(tmp_path: Path) -> Iterator[Composition]:
    made = Composition(tmp_path)
    try:
        yield made
    finally:
        made("down", "--volumes", "--timeout", "5")


def test_it_serves_records_promotes_and_is_watched(composition: Composition) -> None:
    composition("up", "--wait", "--no-build", *STARTED)
    assert composition.classify() == ROW["label"]
    page = httpx.get(f"http://127.0.0.1:{composition.page_port}/", follow_redirects=True, timeout=60, trust_env=False)
    assert (page.status_code, "Assay" in page.text) == (200, True)
    with clients(composition):
        said = composition("exec", "--no-TTY", "gateway", "assay", "promote", *ROLLOUT)
    assert "promoted: all traffic goes to the canary" in said
    assert composition.ask().headers["x-assay-revision"] == "v2"
    wait_for(lambda: composition.targets_up() == {"stable:8000", "canary:8000", "frontend:8070"}, 60)

    composition("stop", "stable", "canary")  # they hand in what they have
    assert ROW["label"] in composition.ask_database(ANSWERED).split(",")
    composition("down")
    composition("up", "--wait", "--no-build", "db")
    assert ROW["label"] in composition.ask_database(ANSWERED).split(",")


@contextmanager
def clients(composition: Composition) -> Iterator[None]:
    """Somebody asks the gateway all the time: no step passes without requests."""
    is_over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{composition.port}", trust_env=False) as client:
            while not is_over.wait(0.02):
                client.post("/classify", json={"row": ROW["row"]})

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        is_over.set()
        asking.join()


def test_grafana_is_given_the_dashboards_and_a_prometheus_that_is_there() -> None:
    """It is not started here; what it is to read is read instead."""
    services = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"]
    mounted = {one["target"]: REPOSITORY / one["source"] for one in services["grafana"]["volumes"]}
    provisioning = Path("/etc/grafana/provisioning")
    (source,) = _read(mounted[str(provisioning / "datasources/assay.yaml")])["datasources"]
    assert (source["url"], source["type"]) == ("http://prometheus:9090", "prometheus")
    (provider,) = _read(mounted[str(provisioning / "dashboards/assay.yaml")])["providers"]
    assert set(mounted[provider["options"]["path"]].glob("*.json")) == set(DASHBOARDS)


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
