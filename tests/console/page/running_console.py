"""`assay console` as a person starts it, asked over REST for what the page shows."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.promotion.evidence.predictors import REPOSITORY, find_free_port

PARAMETERS = """
model: {name: digits, title: Handwritten digits}
estimator: {class: sklearn.linear_model.LogisticRegression, arguments: {max_iter: 200}}
"""
GATE = """
margin: 0.02
class_margin: 0.2
"""
_PATIENCE_SECONDS = 180.0


@dataclass(frozen=True)
class RunningConsole:
    """Its address and that of its gateway."""

    process: subprocess.Popen[bytes]
    state: Path
    port: int
    gateway_port: int
    client: httpx.Client

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def view(self, name: str = "") -> str:
        return f"{self.url}/page/{name}"

    def ask(self, method: str, path: str, **options: Any) -> Any:
        answered = self.client.request(method, path, **options)
        assert answered.is_success, answered.text
        return answered.json()

    def classify(self, times: int = 1, row: list[float] | None = None) -> list[str]:
        """Ask the gateway, and return the ids of the answers."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.gateway_port}", trust_env=False, timeout=60) as client:
            answers = [client.post("/classify", json={"row": row or [0.0] * 64}) for _ in range(times)]
        assert all(answer.is_success for answer in answers), answers[-1].text
        return [answer.headers["x-request-id"] for answer in answers]

    def train(self, name: str, **arguments: object) -> int:
        estimator = {"class": "sklearn.linear_model.LogisticRegression", "arguments": arguments}
        begun = self.ask("PUT", "/retrain", json={"parameters": {"experiment": {"name": name}, "estimator": estimator}})
        number: int = begun["experiment_id"]
        self.wait_until(lambda: self.ask("GET", f"/metrics/{number}")["state"] != "running")
        found = self.ask("GET", f"/experiments/{number}")
        assert found["state"] == "finished", found
        return number

    def train_two_and_deploy_the_first(self) -> None:
        first = self.train("first", max_iter=200)
        self.ask("POST", f"/deploy/{first}")
        part = self.state.parent / "part-2.csv"
        write_digits_part(part)
        self.ask("PUT", "/add_data?name=part-2.csv", content=part.read_bytes(), headers={"X-Assay-By": "ann@desk"})
        self.train("more data", max_iter=200, C=10.0)
        self.wait_until(lambda: self.ask("GET", "/deployments")[0]["state"] == "serving")

    @contextmanager
    def gateway_stopped(self) -> Iterator[None]:
        """Envoy is there, and does nothing."""
        envoys = [one for one in _processes_of(self.state) if "envoy" in one.name()]
        assert envoys
        for one in envoys:
            one.suspend()
        try:
            yield
        finally:
            for one in envoys:
                one.resume()

    def wait_until(self, is_true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not is_true():
            assert self.process.poll() is None, "the console has ended"
            assert time.monotonic() < deadline
            time.sleep(0.4)


def write_digits_part(path: Path) -> None:
    from assay.labelled_data import load_rows  # noqa: PLC0415  # scikit-learn
    from dataset import write_csv_table  # noqa: PLC0415

    write_csv_table(load_rows("digits:part-2"), path)


@contextmanager
def run_console(directory: Path) -> Iterator[RunningConsole]:
    """Ends all that it started when the block ends."""
    (directory / "params.yaml").write_text(PARAMETERS)
    (directory / "gate.yaml").write_text(GATE)
    port, gateway_port = find_free_port(), find_free_port()
    state = directory / "state"
    options = ["--state", str(state), "--port", str(port), "--gateway-port", str(gateway_port)]
    seed = ["--holdout", "digits:holdout", "--data", "digits:part-1"]
    rules = ["--params", str(directory / "params.yaml"), "--gate", str(directory / "gate.yaml")]
    command = [sys.executable, "-m", "assay", "console"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([*command, *options, *seed, *rules], cwd=REPOSITORY, stderr=log, stdout=log)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)
    console = RunningConsole(process, state, port, gateway_port, client)
    try:
        console.wait_until(lambda: _answers(client))
        yield console
    finally:
        client.close()
        _end_all_of(state, process)


def _end_all_of(state: Path, console: subprocess.Popen[bytes]) -> None:
    """The console, and what goes on without it: all that has been told of its state directory."""
    console.terminate()
    console.wait(60)
    of_it = _processes_of(state)
    for process in of_it:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(of_it, timeout=60)


def _processes_of(state: Path) -> list[psutil.Process]:
    """Those that were told of the state directory, or work in it, as Envoy does."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # it has ended meanwhile
            if any(str(state) in word for word in (*process.cmdline(), process.cwd())):
                found.append(process)
    return found


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/openapi.json").is_success
    except httpx.TransportError:
        return False
