"""A command's child processes: started in order, ended in reverse order however the command ends.

Children have sessions of their own, so that Ctrl-C reaches the command alone, which then ends them one by one; on Linux
they also end when the command is killed outright.

ProcessFailed    a child ended, or did not become ready; the message says which and why
"""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx

STOP_SECONDS = 10.0
POLL_SECONDS = 0.05
PR_SET_PDEATHSIG = 1


class ProcessFailed(Exception):
    """A child process ended before its time, with another code than expected, or did not become ready."""


@dataclass
class Processes:
    """Runs `assay` commands; a context, at whose end nothing of it runs any more."""

    logs: Path
    """Directory that what the servers write goes to, a file each."""
    show: Callable[[str], None]
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def serve(self, name: str, arguments: Sequence[str], ready_url: str, timeout_seconds: float = 30.0) -> None:
        """Start a server and return once `ready_url` answers 200; else ProcessFailed with its last words."""
        self.show(f"$ {_shown(arguments)} &")
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = self._start(name, arguments, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + timeout_seconds
        while not _answers(ready_url):
            if process.poll() is not None:
                del self._running[name]
                raise ProcessFailed(f"{name} ended with {process.returncode}: {_last_words(log)}")
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{name} is not ready after {timeout_seconds:.0f} s: {_last_words(log)}")
            time.sleep(POLL_SECONDS)

    def run(self, arguments: Sequence[str], expected: Sequence[int] = (0,)) -> int:
        """Run a command to its end, showing what it prints; ProcessFailed for an exit code that is not `expected`."""
        self.show(f"$ {_shown(arguments)}")
        process = self._start("command", arguments, stdout=None, stderr=None)
        code = process.wait()
        del self._running["command"]
        if code not in expected:
            raise ProcessFailed(f"`{_shown(arguments)}` ended with {code}, not {' or '.join(map(str, expected))}")
        return code

    def stop(self, name: str) -> None:
        """End a process: asked first, killed when it does not listen."""
        process = self._running.pop(name)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(
        self, name: str, arguments: Sequence[str], stdout: IO[bytes] | None, stderr: int | None
    ) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "assay", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # one call, no locks
        )
        self._running[name] = process
        return process


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        os._exit(1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1.0, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("assay: ") if lines else "it said nothing"


def _shown(arguments: Sequence[str]) -> str:
    return shlex.join(["assay", *arguments])
