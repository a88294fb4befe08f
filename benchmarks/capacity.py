"""`python -m benchmarks.capacity`: what one core serves, and what a second worker adds; and the extrapolation from it.

A worker is a process on a core of its own. The load comes from the last core, which with as many workers as cores the
last worker shares with it: what the server's processes take of CPU for a request is therefore the figure that counts.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Self

import orjson

from benchmarks.errors import BenchmarkError
from benchmarks.load import check_tools, put_load
from benchmarks.machine import describe_machine
from benchmarks.peers import B1, J1, J32, make_workers, own_python
from benchmarks.process import Server
from benchmarks.rounds import Bench

BEGIN, END = "<!-- capacity: made by `make capacity-docs` -->", "<!-- /capacity -->"
_TITLES = {J1: "one JSON row", B1: "one binary row", J32: "32 JSON rows"}
_PATIENCE_SECONDS = 60
_UTILISED = 0.6


@dataclass(frozen=True, slots=True)
class Served:
    """What so many workers served of one kind of request."""

    workers: int
    scenario: str
    rate: float
    """Answers a second."""
    cpu_us: float
    """Of all processes of the server, an answer."""
    busy_cores: float
    """That they kept busy."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """All of it, and the machine."""

    machine: dict[str, str]
    seconds: int
    served: tuple[Served, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        said = orjson.loads(path.read_bytes())
        return cls(said["machine"], said["seconds"], tuple(Served(**one) for one in said["served"]))

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2) + b"\n")

    def to_markdown(self) -> str:
        """The table, and what is expected of more cores than there were."""
        return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        machine = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        yield f"{machine}. {self.seconds} s of load a figure."
        yield ""
        yield "| request | workers | answers /s | busy cores of the server | CPU an answer, µs | a core serves /s |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for one in self.served:
            figures = f"{one.rate:,.0f} | {one.busy_cores:.2f} | {one.cpu_us:.1f} | {1e6 / one.cpu_us:,.0f}"
            yield f"| {_TITLES[one.scenario]} | {one.workers} | {figures} |"
        yield ""
        yield f"| extrapolated, /s, at {_UTILISED:.0%} of each core | {' | '.join(_TITLES.values())} |"
        yield "| --- | --- | --- | --- |"
        most = max(one.workers for one in self.served)
        cpu = {one.scenario: one.cpu_us for one in self.served if one.workers == most}
        for cores in (1, 2, 4, 8, 16):
            cells = " | ".join(f"{cores * _UTILISED * 1e6 / cpu[scenario]:,.0f}" for scenario in _TITLES)
            yield f"| {cores} {'core' if cores == 1 else 'cores'} | {cells} |"


def measure(bench: Bench, say: Callable[[str], None]) -> Iterator[Served]:
    """Each number of workers and each kind of request. Raises BenchmarkError."""
    cores = bench.server_core, bench.load_core
    for workers in (1, 2):
        with Server(make_workers(workers), own_python(), bench.directory, cores=cores[:workers]) as server:
            server.wait_until_ready(bench.payloads[J1], _PATIENCE_SECONDS)
            for scenario, title in _TITLES.items():
                say(f"{workers} of 2 workers: {title}")
                payload, body = bench.payloads[scenario], bench.directory / f"{scenario}.body"
                put_load(server, payload, body, seconds=1, core=bench.load_core)
                before = sum(server.cpu_seconds())
                load = put_load(server, payload, body, seconds=bench.seconds, core=bench.load_core)
                spent = sum(server.cpu_seconds()) - before
                yield Served(workers, scenario, load.rate, spent / load.answers * 1e6, spent / bench.seconds)


def _middle(rounds: list[list[Served]]) -> tuple[Served, ...]:
    """The medians."""
    return tuple(
        Served(
            each[0].workers,
            each[0].scenario,
            median(one.rate for one in each),
            median(one.cpu_us for one in each),
            median(one.busy_cores for one in each),
        )
        for each in zip(*rounds, strict=True)
    )


def main() -> int:
    """The exit code: 0, or 1 when nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each load")
    parser.add_argument("--out", type=Path, default=Path("build/capacity.json"))
    parser.add_argument("--document", type=Path, help="write what is in OUT into this Markdown, and measure nothing")
    given = parser.parse_args()
    if given.document:
        before, _, rest = given.document.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        given.document.write_text(f"{before}{BEGIN}\n{Capacity.read(given.out).to_markdown()}{END}{after}")
        return 0
    try:
        check_tools()
        bench = Bench.prepare((given.out.parent / "capacity").absolute(), seconds=given.seconds)
        machine = describe_machine()
        rounds = [list(measure(bench, lambda text: print(text, file=sys.stderr))) for _ in range(given.rounds)]
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    capacity = Capacity(machine, given.seconds, _middle(rounds))
    capacity.write(given.out)
    print(capacity.to_markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
