"""The benchmark itself, for a second: not how fast anything is, but that it measures, says who is absent, and ends."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from benchmarks.errors import NotInstalled
from benchmarks.load import PACKAGES
from benchmarks.peers import PEERS, Peer, own_python
from benchmarks.results import IN_PROCESS
from benchmarks.rounds import Bench, measure
from tests.predictor.server_process import DEADLINE_SECONDS, wait_for

MISSING = [f"{program} ({package})" for program, package in PACKAGES.items() if shutil.which(program) is None]
NAMED = {peer.name: peer for peer in PEERS}
NOT_INSTALLED = replace(NAMED["bentoml"], name="absent")
ENDS_AT_ONCE = replace(NAMED["fastapi"], name="ended", start=lambda python, _: (str(python), "-c", "exit('no use')"))
OTHERWISE = replace(
    NAMED["fastapi"],
    name="otherwise",
    start=lambda python, ports: (str(python), "-m", "tests.benchmarks.other_answers", str(ports.http)),
)


def find_python(peer: Peer) -> Path:
    if peer is NOT_INSTALLED:
        raise NotInstalled("no wheel for this machine")
    return own_python()


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"missing: {', '.join(MISSING)}; apt-get install makes it run"),
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="a benchmark takes two cores"),
]


def test_a_short_run_has_all_figures_and_says_who_is_absent_and_why(tmp_path: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    peers = [NAMED["assay"], NAMED["assay-grpc"], NAMED["fastapi"], NOT_INSTALLED, ENDS_AT_ONCE, OTHERWISE]

    measured = measure(Bench.prepare(tmp_path / "run", seconds=1), peers, find_python, 1, lambda _: None)

    assert measured.absent["absent"] == "no wheel for this machine"
    assert measured.absent["ended"] == "ended ended with code 1: no use"
    assert measured.absent["otherwise"].startswith("otherwise, j1: the labels are [10]; expected [")
    (figures,) = measured.rounds
    of_all = {"start_seconds", "resident_mb", "failed"}
    assert {name: set(found) for name, found in figures.items()} == {
        IN_PROCESS: {"j1", "j32"},
        "assay": {*of_all, "j1", "b1", "j32", "p99_ms", "j1_cpu_us", "b1_cpu_us", "j32_cpu_us"},
        "assay-grpc": {*of_all, "g1", "g1_cpu_us"},
        "fastapi": {*of_all, "j1", "j32", "p99_ms"},
    }
    assert all(value > 0 for found in figures.values() for figure, value in found.items() if figure != "failed")
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_benchmark_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    options = ["--peers", "assay", "--seconds", "500", "--out", str(tmp_path)]
    command = [str(own_python()), "-m", "benchmarks", *options]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        family: list[psutil.Process] = []
        try:
            wait_for(lambda: is_under_load(process.pid))
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(number)
            assert process.wait(DEADLINE_SECONDS) == 128 + number
            assert not any(child.is_running() for child in family)
        finally:
            process.kill()
            for left in family:
                with suppress(psutil.NoSuchProcess):
                    left.kill()


def is_under_load(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(child.name() == "wrk" for child in psutil.Process(pid).children())
    return False
