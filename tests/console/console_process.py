"""A console as a person runs it: a process, asked over REST; and what it leaves running, ended afterwards."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from tests.assay.program import assay, command

T = TypeVar("T")
PATIENCE_SECONDS = 300.0


class ConsoleClient:
    """Asks a console over REST, wherever it runs."""

    def __init__(self) -> None:
        self.url = ""
        self._client = httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False, verify=False)  # noqa: S501  # there is no TLS

    def ask(self, method: str, path: str, expected: int = 200, **options: Any) -> Any:
        answer = self._client.request(method, f"{self.url}{path}", **options)
        assert answer.status_code == expected, (answer.status_code, answer.text)
        return answer.json()

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def train(self, estimator: Mapping[str, Any], seed: int = 0) -> int:
        parameters = {"model": {"name": "digits"}, "estimator": estimator, "seed": seed}
        return int(self.ask("PUT", "/retrain", 202, json={"parameters": parameters})["experiment_id"])

    def adopt(self, experiment_id: int) -> Any:
        """Of an experiment that was trained elsewhere."""
        return self.ask("POST", f"/experiments/{experiment_id}/adopt", 201)

    def wait_for_experiment(self, experiment_id: int) -> Any:
        return wait_for(lambda: _unless_in(self.get(f"/experiments/{experiment_id}"), "running"))

    def deploy(self, experiment_id: int, expected: int = 202, **body: Any) -> int:
        return int(self.ask("POST", f"/deploy/{experiment_id}", expected, json=body)["deployment_id"])

    def wait_for_deployment(self, deployment_id: int) -> Any:
        under_way = ("starting", "rolling_out", "adopting", "withdrawing")
        return wait_for(lambda: _unless_in(self.get(f"/deployments/{deployment_id}"), *under_way))


class ConsoleProcess(ConsoleClient):
    """Of one state directory; started and killed as often as a test likes."""

    def __init__(self, state: Path, gateway_port: int, *arguments: object) -> None:
        super().__init__()
        self.state = state
        self.gateway_url = f"http://127.0.0.1:{gateway_port}"
        self._arguments = ["--state", state, "--port", 0, "--gateway-port", gateway_port, *arguments]
        self._log = state.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "ConsoleProcess":
        with self._log.open("ab") as output:
            begin = output.tell()
            self._process = subprocess.Popen(command("console", *self._arguments), stdout=output, stderr=output)

        def find_address() -> str | None:
            assert self._process is not None
            said = self._log.read_bytes()[begin:].decode()
            assert self._process.poll() is None, said
            found = re.search(r"listens on (https?://\S+);", said)
            return found[1] if found else None

        self.url = wait_for(find_address)
        return self

    def predict(self, row: list[float], request_id: str) -> httpx.Response:
        """Ask whoever serves, as a client does."""
        body, headers = {"row": row}, {"x-request-id": request_id}
        return self._client.post(f"{self.gateway_url}/classify", json=body, headers=headers)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_SECONDS)

    def said(self) -> str:
        return self._log.read_text()

    def __enter__(self) -> "ConsoleProcess":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        down = assay("console", "--state", self.state, "--down")
        assert down.code == 0, down.stderr


def job_process(folder: Path) -> psutil.Process:
    """The process of a job that this process has started, in `folder`."""

    def find() -> psutil.Process | None:
        for supervisor in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):  # a zombie, of a job that has ended
                if str(folder) in supervisor.cmdline() and (found := supervisor.children()):
                    return found[0]
        return None

    return wait_for(find)


def wait_for(find: Callable[[], T | None], patience_seconds: float = PATIENCE_SECONDS) -> T:
    """What `find` finds at last; nothing, and what is empty, is waited out."""
    deadline = time.monotonic() + patience_seconds
    while not (found := find()):
        assert time.monotonic() < deadline, f"not within {patience_seconds:g} s"
        time.sleep(0.3)
    return found


def _unless_in(found: Any, *states: str) -> Any:
    return None if found["state"] in states else found
