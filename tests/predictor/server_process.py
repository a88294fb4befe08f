"""A predictor as a process of its own, the way it is started in production."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

DEADLINE_SECONDS = 120.0
_SETTINGS = ("ASSAY_", "MODELS_DIR")


class ServerProcess:
    """`python -m predictor [BUNDLE]` with the given ASSAY_ settings; ended when the `with` ends, however it ends."""

    def __init__(self, bundle: Path | None, log: Path, **settings: object) -> None:
        self.log = log
        self._arguments = [sys.executable, "-m", "predictor", *([str(bundle)] if bundle else [])]
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        given: dict[str, object] = {"http_port": 0, "drain_seconds": 0, **settings}
        self._environment |= {f"ASSAY_{name.upper()}": str(value) for name, value in given.items()}

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._arguments, env=self._environment, stderr=log, stdout=subprocess.PIPE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def wait_until_ready(self) -> Self:
        """Return once the log says where it listens; the addresses are in `url` and `grpc` from then on."""
        line = wait_for(lambda: next((line for line in self.log_lines() if "url" in line), None), self.is_running)
        self.url = str(line["url"])
        self.grpc = str(line.get("grpc", ""))
        return self

    def is_running(self) -> bool:
        return self.process.poll() is None

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=DEADLINE_SECONDS, trust_env=False)


def wait_for(
    look: Callable[[], Any],
    while_true: Callable[[], bool] = lambda: True,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Any:
    """The first answer of `look` that is true, asked again and again until a deadline."""
    deadline = time.monotonic() + deadline_seconds
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        if not while_true():
            raise AssertionError("it ended while it was waited for")
        time.sleep(0.01)
    raise AssertionError("it did not come about in time")


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
