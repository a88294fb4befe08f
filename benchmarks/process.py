"""A server as a process on a core of its own: started, timed until its first answer, weighed, and ended with all that
it has started.
"""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from benchmarks.errors import ServerFailed
from benchmarks.payloads import Payload
from benchmarks.peers import Peer, Ports

_ROOT = Path(__file__).parent.parent
_LOOK_SECONDS = 0.005
_END_SECONDS = 10


class Server:
    """`peer`, run by `python` on `cores` in `directory`, which has the model; ended when the `with` ends."""

    def __init__(self, peer: Peer, python: Path, directory: Path, *, cores: Sequence[int]) -> None:
        self.peer = peer
        self.ports = Ports(*_find_free_ports(3))
        self._python = python
        self._directory = directory
        self._cores = ",".join(map(str, cores))
        self._log = directory / f"{peer.name}.log"

    def __enter__(self) -> Self:
        command = self.peer.start(self._python, self.ports)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "PYTHON"))}
        self._started = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["taskset", "--cpu-list", self._cores, *command],
                cwd=self._directory,
                env={**kept, "PYTHONPATH": str(_ROOT)},
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the benchmark, which then ends this
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        family = self._family()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            for member in {*family, *self._family()}:
                if member.is_running():
                    member.kill()
            self._process.wait()

    def wait_until_ready(self, payload: Payload, patience_seconds: float) -> float:
        """Return with the first answer: the seconds since the start. Raises ServerFailed."""
        deadline = self._started + patience_seconds
        while time.perf_counter() < deadline:
            if self._process.poll() is not None:
                raise ServerFailed(f"{self.peer.name} ended with code {self._process.returncode}: {self._last_line()}")
            try:
                status, _ = self.ask(payload)
            except OSError:
                status = 0
            if status == http.HTTPStatus.OK:
                return time.perf_counter() - self._started
            time.sleep(_LOOK_SECONDS)
        raise ServerFailed(f"{self.peer.name} has no answer after {patience_seconds:.0f} s: {self._last_line()}")

    def ask(self, payload: Payload) -> tuple[int, bytes]:
        """The status and body of one answer over HTTP. Raises OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports.http, timeout=10)
        try:
            connection.request("POST", self.peer.path, payload.body, dict(payload.headers))
            response = connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def resident_bytes(self) -> int:
        """What the process and all that it has started have in memory; what they share counts for each."""
        total = 0
        for member in self._family():
            try:
                total += member.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total

    def cpu_seconds(self) -> tuple[float, float]:
        """The CPU time of the process, and of all that it has started and that still runs."""
        first, *others = [sum(member.cpu_times()[:2]) for member in self._family()]
        return first, sum(others)

    def _family(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _last_line(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"


def _find_free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
