"""compose.yaml really started: what is answered is in PostgreSQL, and what was recorded outlives all containers."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from tests.assay.program import assay, free_ports, train
from tests.image.docker import docker, image_under_test, wait_until_ready

pytestmark = [pytest.mark.image, pytest.mark.slow]

REPOSITORY = Path(__file__).parents[2]
ROW = orjson.loads(Path(__file__).with_name("fixed_row.json").read_bytes())
ANSWERED = "SELECT string_agg(label, ',' ORDER BY answered_at) FROM predictions"


class Composition:
    """The services of compose.yaml under a name of the test's own."""

    def __init__(self, folder: Path) -> None:
        image = image_under_test()
        if docker("image", "ls", "--quiet", "postgres:17-bookworm") == "":
            pytest.skip("there is no image postgres:17-bookworm; docker pull postgres:17-bookworm")
        self.port = free_ports(1)[0]
        secrets = folder / "secrets"
        done = assay("db", "secrets", secrets, "--host", "db")
        assert done.code == 0, done.stderr
        self._environment = {
            **os.environ,
            "ASSAY_IMAGE": image,
            "BUNDLE": train(folder, "digits:part-1", "digits:part-2")["bundle"],
            "PORT": str(self.port),
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

    def classify(self) -> str:
        url = wait_until_ready(f"http://127.0.0.1:{self.port}", lambda: self("logs", "--no-color"))
        answer = httpx.post(f"{url}/classify", json={"row": ROW["row"]}, trust_env=False)
        return str(answer.json()["label"])

    def ask_database(self, question: str) -> str:
        return self("exec", "--no-TTY", "db", "psql", "--username=assay", "--dbname=records", "-Atc", question)


@pytest.fixture
def composition(tmp_path: Path) -> Iterator[Composition]:
    made = Composition(tmp_path)
    try:
        yield made
    finally:
        made("down", "--volumes", "--timeout", "5")


def test_what_is_answered_is_recorded_and_outlives_the_containers(composition: Composition) -> None:
    composition("up", "--wait", "--no-build")
    assert composition.classify() == ROW["label"]
    composition("stop", "backend")  # it hands in what it has
    assert composition.ask_database(ANSWERED) == ROW["label"]
    composition("down")
    composition("up", "--wait", "--no-build")
    assert composition.ask_database(ANSWERED) == ROW["label"]
