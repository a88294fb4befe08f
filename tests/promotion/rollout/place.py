"""One machine as a user has it: `assay split run` in front of real predictors, `assay promote` as a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutRecord, RolloutState
from promotion.routers.envoy import EnvoyRouter
from tests.promotion.evidence.predictors import REPOSITORY, RunningPredictor, find_free_port, wait_until_ready

QUICKLY = ("--minimum-requests", "20", "--minimum-seconds", "0.2")
HOLDING = ("--minimum-requests", "1000000")
"""A step that lasts until its deadline of two minutes."""


@dataclass(frozen=True)
class Finished:
    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Place:
    """A running gateway, a holdout, and a folder for the rollouts."""

    gateway: Path
    url: str
    holdout: Path
    out: Path

    @property
    def router(self) -> EnvoyRouter:
        return EnvoyRouter(self.gateway)

    def options(self, *more: str) -> list[str]:
        return ["--gateway", str(self.gateway), "--out", str(self.out), "--holdout", str(self.holdout), *more]

    def promote(self, *more: str) -> Finished:
        return run_assay("promote", *self.options(*more))

    @contextmanager
    def promoting(self, *more: str) -> Iterator[subprocess.Popen[str]]:
        """`assay promote`, begun and not waited for; killed when the block ends."""
        process = subprocess.Popen(
            _command("promote", *self.options(*more)),
            cwd=REPOSITORY,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def assign_canary(self, name: str, url: str) -> None:
        done = run_assay("split", "assign", "canary", f"{name}={url}", "--gateway", str(self.gateway))
        assert done.code == 0, done.stderr

    def read_record(self) -> RolloutRecord | None:
        return FileRolloutStore(self.out).read_newest()

    def wait_until_observing(self, percent: int, process: subprocess.Popen[str]) -> None:
        def is_observing() -> bool:
            record = self.read_record()
            is_there = record is not None and record.state is RolloutState.OBSERVING
            return record is not None and is_there and record.asked_percent == percent

        wait_until(is_observing, process)


def wait_until(is_true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not is_true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run_assay(*arguments: str) -> Finished:
    done = subprocess.run(
        _command(*arguments),
        cwd=REPOSITORY,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@contextmanager
def run_gateway(directory: Path, stable: RunningPredictor) -> Iterator[str]:
    """`assay split run`; its URL."""
    port = find_free_port()
    options = ["--gateway", str(directory), "--stable", f"v1={stable.url}", "--port", str(port)]
    process = subprocess.Popen(_command("split", "run", *options), cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(RunningPredictor(process, port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        finally:
            process.kill()
            process.wait()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "assay", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
