"""Real predictors, `assay serve` in processes of their own, on a port that another can take over."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).parents[3]
START_SECONDS = 120.0


@dataclass(frozen=True)
class RunningPredictor:
    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def run_predictor(
    bundle: Path, revision: str, port: int | None = None, *, records: Path | None = None
) -> Iterator[RunningPredictor]:
    """Serve `bundle`, and record in `records`; ready when the block begins, ended when it ends."""
    number = port if port is not None else find_free_port()
    options = ["--bundle", str(bundle), "--revision", revision, "--http-port", str(number)]
    environment = os.environ | ({"ASSAY_RECORD": f"jsonl:{records}"} if records is not None else {})
    process = subprocess.Popen(
        [sys.executable, "-m", "assay", "serve", *options], cwd=REPOSITORY, env=environment, stderr=subprocess.DEVNULL
    )
    predictor = RunningPredictor(process, number)
    try:
        wait_until_ready(predictor)
        yield predictor
    finally:
        predictor.kill()


def wait_until_ready(predictor: RunningPredictor) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(predictor.url):
        assert predictor.process.poll() is None, "the predictor ended before it was ready"
        assert time.monotonic() < deadline, f"the predictor is not ready after {START_SECONDS} s"
        time.sleep(0.05)


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/v2/health/ready", trust_env=False).status_code == 200
    return False
