"""Everything measured, round by round. A round goes through all peers, so that whatever else the machine does meets all
of them alike; each is started anew, measured and ended before the next.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.answers import check_answer
from benchmarks.errors import BenchmarkError, LoadFailed
from benchmarks.load import Load, put_load
from benchmarks.model import Answer, make_perceptron, make_rows, write_model
from benchmarks.payloads import Payload, make_payloads
from benchmarks.peers import J1, J32, Peer, own_python
from benchmarks.process import Server
from benchmarks.recording import WITH, catch_up, cpu_figure, measure_delivery
from benchmarks.results import IN_PROCESS

_ROOT = Path(__file__).parent.parent
_MOST_ROWS = 32
_PATIENCE_SECONDS = 120
_WARM_UP_SECONDS = 1
_FURTHER_WARM_UPS = 2  # of who records, as if it had served for a while: the files of its spool are there
_MEGABYTE = 1e6

Figures = dict[str, float]
Report = Callable[[str], None]
"""Who hears how far it is."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A place to measure in: the model and the payloads as files, a core for servers and one for load."""

    directory: Path
    payloads: Mapping[str, Payload]
    expected: Mapping[str, Answer]
    seconds: int
    server_core: int
    load_core: int

    @classmethod
    def prepare(cls, directory: Path, *, seconds: int) -> Self:
        """Write the files into `directory`, made anew. Raises LoadFailed where there are no two cores."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise LoadFailed(f"there is {len(cores)} core; expected one for the server and one for the load")
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        perceptron, rows = make_perceptron(), make_rows(_MOST_ROWS)
        write_model(perceptron, directory)
        payloads = make_payloads(rows)
        for payload in payloads.values():
            payload.write(directory)
        expected = {name: perceptron.answer(rows if name == J32 else rows[:1]) for name in payloads}
        return cls(directory, payloads, expected, seconds, server_core=cores[0], load_core=cores[1])

    def measure(self, peer: Peer, python: Path) -> Figures:
        """All figures of one start of `peer`.

        Raises ServerFailed, WrongAnswer and LoadFailed; nothing of the server is left.
        """
        with Server(peer, python, self.directory, cores=[self.server_core]) as server:
            figures = {"start_seconds": server.wait_until_ready(self.payloads[J1], _PATIENCE_SECONDS)}
            self._check(server)
            self._put_load(server, peer.scenarios[0], _WARM_UP_SECONDS)
            begun = catch_up(server) if peer.name == WITH else None
            failed = 0
            for scenario in peer.scenarios:
                for _ in range(_FURTHER_WARM_UPS if begun else 0):
                    self._put_load(server, scenario, self.seconds)
                    catch_up(server)
                before, _ = server.cpu_seconds()
                load = self._put_load(server, scenario, self.seconds)
                if peer.is_ours:
                    figures[cpu_figure(scenario)] = (server.cpu_seconds()[0] - before) / max(load.answers, 1) * 1e6
                figures[scenario] = load.rate
                failed += load.failed
                if load.p99_ms is not None and scenario == J1:
                    figures["p99_ms"] = load.p99_ms
            if begun:
                figures |= measure_delivery(server, begun)
            return {**figures, "resident_mb": server.resident_bytes() / _MEGABYTE, "failed": failed}

    def measure_in_process(self) -> Figures:
        """The runs a second that ONNX Runtime makes of 1 and of 32 rows, without any server."""
        return {J1: self._run_in_process(1), J32: self._run_in_process(_MOST_ROWS)}

    def _check(self, server: Server) -> None:
        for scenario in server.peer.scenarios:
            check_answer(server, self.payloads[scenario], self.expected[scenario])

    def _put_load(self, server: Server, scenario: str, seconds: int) -> Load:
        payload = self.payloads[scenario]
        return put_load(server, payload, self.directory / f"{scenario}.body", seconds=seconds, core=self.load_core)

    def _run_in_process(self, rows: int) -> float:
        script = (str(own_python()), "-m", "benchmarks.servers.in_process", str(self.seconds), str(rows))
        command = ["taskset", "--cpu-list", str(self.server_core), *script]
        try:
            done = subprocess.run(
                command, cwd=self.directory, env={"PYTHONPATH": str(_ROOT)}, capture_output=True, check=True
            )
        except subprocess.CalledProcessError as error:
            raise LoadFailed(f"ONNX Runtime cannot be run in process: {error.stderr.decode()[-300:]}") from error
        return float(json.loads(done.stdout))


@dataclass(frozen=True, slots=True)
class Measured:
    """Who took part with which interpreter, who could not and why, and the figures of each round."""

    pythons: Mapping[str, Path]
    absent: Mapping[str, str]
    rounds: tuple[Mapping[str, Figures], ...]


def measure(
    bench: Bench, peers: Sequence[Peer], install: Callable[[Peer], Path], rounds: int, report: Report
) -> Measured:
    """Install all, then measure them in turn. A peer that fails once is out of all rounds, and the reason is kept.

    `install` gives the interpreter of a peer, or raises NotInstalled.
    """
    pythons: dict[str, Path] = {}
    absent: dict[str, str] = {}
    for peer in peers:
        report(f"{peer.name}: its environment")
        try:
            pythons[peer.name] = install(peer)
        except BenchmarkError as error:
            absent[peer.name] = str(error)
    measured: list[dict[str, Figures]] = []
    for number in range(1, rounds + 1):
        figures: dict[str, Figures] = {}
        for peer in peers:
            if peer.name in absent:
                continue
            report(f"round {number} of {rounds}: {peer.name}")
            try:
                figures[peer.name] = bench.measure(peer, pythons[peer.name])
            except BenchmarkError as error:
                absent[peer.name] = str(error)
        report(f"round {number} of {rounds}: ONNX Runtime in process")
        figures[IN_PROCESS] = bench.measure_in_process()
        measured.append(figures)
    kept = tuple({name: values for name, values in one.items() if name not in absent} for one in measured)
    return Measured({name: python for name, python in pythons.items() if name not in absent}, absent, kept)
