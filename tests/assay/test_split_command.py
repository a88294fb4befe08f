"""The gateway by its commands, with two real predictors behind it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.assay.conftest import ServedPair
from tests.assay.program import Finished, RunningProgram, assay, free_ports, start_and_wait

ROW = [0.0] * 64


class Gateway:
    def __init__(self, directory: Path, served: ServedPair) -> None:
        (self.port,) = free_ports(1)
        self.directory = directory
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = ["split", "run", "--gateway", directory, "--port", self.port]
        stable = ["--stable", f"weak={served.weak_url}"]
        self.program: RunningProgram = start_and_wait(
            f"{self.url}/v2/health/ready", directory.parent / "gateway.log", *arguments, *stable
        )

    def split(self, *arguments: str) -> Finished:
        return assay("split", *arguments, "--gateway", self.directory)

    def answered_by(self) -> str:
        answer = httpx.post(f"{self.url}/classify", json={"row": ROW}, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-assay-revision"]


@pytest.fixture
def gateway(tmp_path: Path, served: ServedPair) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "gateway", served)
    yield gateway
    gateway.program.stop()


def test_a_split_is_shown_set_and_taken_over(gateway: Gateway, served: ServedPair) -> None:
    assert gateway.answered_by() == "weak"
    assert "canary   none" in gateway.split("show").stdout
    assert gateway.split("assign", "canary", f"better={served.better_url}").code == 0
    assert gateway.answered_by() == "weak"
    assert gateway.split("set", "100").code == 0
    assert gateway.answered_by() == "better"
    shown = gateway.split("show", "--json").json()
    assert shown["canary_percent"] == 100
    assert shown["canary"] == {"revision": "better", "url": served.better_url}
    assert gateway.split("adopt").stdout.startswith(f"stable is better at {served.better_url}")
    assert gateway.answered_by() == "better"
    assert gateway.split("show", "--json").json()["canary"] is None


def test_steps_out_of_order_are_refused_in_one_line(gateway: Gateway, served: ServedPair) -> None:
    for arguments in (["set", "5"], ["adopt"]):
        done = gateway.split(*arguments)
        assert done.code == 1
        assert "no revision is the canary" in done.stderr
    assert gateway.split("set", "101").code == 2
    assert gateway.split("assign", "stable", "none").code == 2
    assert gateway.split("assign", "canary", "no-url").code == 2


def test_a_taken_port_is_named_with_its_holder(gateway: Gateway, served: ServedPair, tmp_path: Path) -> None:
    arguments = ["split", "run", "--gateway", tmp_path / "other", "--port", str(gateway.port)]
    done = assay(*arguments, "--stable", f"weak={served.weak_url}")
    assert done.code == 1
    assert f"port {gateway.port} is in use (pid " in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_gateway_ends_when_it_is_asked_to(gateway: Gateway, number: signal.Signals) -> None:
    gateway.program.process.send_signal(number)
    assert gateway.program.process.wait(15) == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(gateway.url, trust_env=False)
    assert gateway.split("show").code == 1
