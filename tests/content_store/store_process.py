"""A store as a process of its own, the way it is started in production."""

import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import psutil

DEADLINE_SECONDS = 30.0


class StoreProcess:
    """`assay store run` on any free port; ended when the `with` ends, however it ends."""

    def __init__(self, directory: Path, log: Path, *options: object, file_limit_bytes: int | None = None) -> None:
        self.directory = directory
        self._log = log
        self._options = [str(option) for option in options]
        self._file_limit_bytes = file_limit_bytes

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "assay", "store", "run", "--directory", str(self.directory), "--port", "0"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen([*command, *self._options], stdout=log, stderr=log)
        try:
            if self._file_limit_bytes is not None:
                resource.prlimit(
                    self.process.pid, resource.RLIMIT_FSIZE, (self._file_limit_bytes, self._file_limit_bytes)
                )
            found = wait_for(lambda: re.search(r"listens on (http://\S+);", self.said()), self.is_running)
            self.url = str(found.group(1))
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def is_running(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self._log.read_text()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=DEADLINE_SECONDS, trust_env=False)

    def connect(self) -> socket.socket:
        address = urlsplit(self.url)
        return socket.create_connection((str(address.hostname), address.port or 0), timeout=DEADLINE_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def drafts(self) -> list[Path]:
        return list((self.directory / "drafts").iterdir())

    def memory_bytes(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)


def wait_for(look: Callable[[], Any], while_true: Callable[[], bool] = lambda: True) -> Any:
    """The first answer of `look` that is true, asked again and again until a deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        if not while_true():
            raise AssertionError("it ended while it was waited for")
        time.sleep(0.01)
    raise AssertionError("it did not come about in time")
