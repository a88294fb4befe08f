"""One machine for a test: named servers and a real Envoy in front of them, all ended with the test."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from promotion.routers.envoy import EnvoyProcess, EnvoyRequestCounter, EnvoyRouter, RevisionEndpoint
from promotion.routers.request_counts import RequestCounts
from tests.promotion.routers.client_load import ClientLoad

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Server:
    """A running named_server."""

    process: subprocess.Popen[str]
    endpoint: RevisionEndpoint


@contextmanager
def run_server(name: str, delay_seconds: float = 0) -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.promotion.routers.named_server", name, str(delay_seconds)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Server(process, RevisionEndpoint(name, "127.0.0.1", int(process.stdout.readline())))
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class Machine:
    """A gateway whose stable is v1 and whose canary is v2, at 0 %."""

    directory: Path
    gateway: EnvoyProcess
    client: httpx.Client
    stable: Server
    canary: Server

    @property
    def router(self) -> EnvoyRouter:
        return EnvoyRouter(self.directory)

    def split(self, canary_percent: int) -> None:
        self.router.confirm_split(self.router.write_split(canary_percent, since=self.router.read_split()), 10)

    def read_counts(self) -> RequestCounts:
        return EnvoyRequestCounter(self.directory).read_counts()

    def wait_for_counts(self, expected: RequestCounts) -> None:
        """The counters reach `expected` and stay there: an answer is counted a moment after it is read."""
        wait_until(lambda: self.read_counts() == expected, lambda: f"{self.read_counts()} is not {expected}")

    def assert_counted(self, load: ClientLoad) -> None:
        """What the gateway counted since its start is what the ended load has seen."""
        self.wait_for_counts(RequestCounts(stable=load.answered["v1"], canary=load.answered["v2"], failed=0))

    def ask(self, method: str = "POST", path: str = "/classify") -> httpx.Response:
        return self.client.request(method, path)

    def who_answers(self, method: str = "POST", path: str = "/classify") -> str:
        return self.ask(method, path).headers["x-assay-revision"]


@contextmanager
def run_machine(directory: Path) -> Iterator[Machine]:
    with contextlib.ExitStack() as stack:
        stable, canary = (stack.enter_context(run_server(name)) for name in ("v1", "v2"))
        gateway = stack.enter_context(EnvoyProcess.start(directory, stable.endpoint, port=find_free_port()))
        gateway.router.assign("canary", canary.endpoint)
        client = stack.enter_context(httpx.Client(base_url=gateway.url, trust_env=False))
        yield Machine(directory, gateway, client, stable, canary)


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], bool], what: Callable[[], str], timeout_seconds: float = 10) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not is_true():
        assert time.monotonic() < deadline, f"after {timeout_seconds} s: {what()}"
        time.sleep(0.02)
