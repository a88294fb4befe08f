"""Runs the `assay` program as a person would: a process, its output, its exit code."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil


@dataclass(frozen=True)
class Finished:
    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        return orjson.loads(self.stdout)


def assay(
    *arguments: object, environment: Mapping[str, str] | None = None, cwd: Path | None = None, timeout: float = 120
) -> Finished:
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", **(environment or {})},
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "assay", *map(str, arguments)]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, in a row; tests that run beside each other have ranges of their own."""
    begin = 16000 + 4000 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4)
    for first in range(begin + os.getpid() % 2000, begin + 4000, count):
        ports = range(first, first + count)
        if all(_is_free(port) for port in ports):
            return list(ports)
    raise OSError(f"no {count} free ports in a row")


def train(out: Path, *data: str, holdout: str = "digits:holdout", more: Sequence[str] = ()) -> dict[str, Any]:
    specifications = [argument for one in data for argument in ("--data", one)]
    done = assay("train", *specifications, "--holdout", holdout, "--out", out, "--json", *more)
    assert done.code == 0, done.stderr
    result: dict[str, Any] = done.json()
    return result


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class RunningProgram:
    """A server that was started, and what it wrote."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, timeout: float = 15) -> int:
        """Ask it to end; its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(timeout)
        finally:
            self.process.kill()


def start_and_wait(ready_url: str, log: Path, *arguments: object, timeout: float = 30) -> RunningProgram:
    """Start `assay` with `arguments` and wait until `ready_url` answers 200."""
    with log.open("wb") as output:
        process = subprocess.Popen(command(*arguments), stdout=output, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(ready_url, timeout=1, trust_env=False).status_code == 200:
                return RunningProgram(process, log)
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"{arguments} is not ready: {log.read_text()}")


def command_lines() -> Iterator[str]:
    """What runs on this machine, and where."""
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                yield f"{' '.join(process.cmdline())} (in {process.cwd()})"
        except psutil.Error:
            continue
