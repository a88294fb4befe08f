"""What recording costs: the server with it and without, in alternating rounds.

A rate says what clients feel, with all processes of the server on one core, where delivery waits for its turn. CPU time
says what it costs: of the serving process, a request, and of the delivery process, a record.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.request import urlopen

from benchmarks.errors import LoadFailed
from benchmarks.peers import B1, J1, J32
from benchmarks.process import Server
from benchmarks.results import Results, show_ratio

WITHOUT, WITH = "assay", "assay-recording"
DELIVERY, LAG = "delivery_us", "delivery_lag_seconds"
_PATIENCE_SECONDS = 300
_SCENARIOS = {J1: "one JSON row", B1: "one binary row", J32: "32 JSON rows"}


def cpu_figure(scenario: str) -> str:
    """The name of the figure: microseconds of the serving process a request."""
    return f"{scenario}_cpu_us"


class CaughtUp(NamedTuple):
    """A moment at which everything is recorded."""

    written: float
    cpu_seconds: float
    """Of the delivery process."""
    waited_seconds: float


def catch_up(server: Server) -> CaughtUp:
    """Wait until everything is recorded. Raises LoadFailed."""
    begun = time.monotonic()
    while (counts := _ask(server))["spool_bytes"] or counts["queued"]:
        if time.monotonic() > begun + _PATIENCE_SECONDS:
            raise LoadFailed(f"{server.peer.name} has not recorded everything after {_PATIENCE_SECONDS} s")
        time.sleep(0.1)
    if counts["dropped_total"] or not counts["written_total"]:
        raise LoadFailed(f"{server.peer.name} recorded {counts['written_total']:.0f} and lost the others")
    return CaughtUp(counts["written_total"], server.cpu_seconds()[1], time.monotonic() - begun)


def measure_delivery(server: Server, before: CaughtUp) -> dict[str, float]:
    """Catch up: how long that took, and the CPU time of a record since `before`. Raises LoadFailed."""
    now = catch_up(server)
    seconds = now.cpu_seconds - before.cpu_seconds
    return {DELIVERY: seconds / (now.written - before.written) * 1e6, LAG: now.waited_seconds}


def write_recording(results: Results) -> Iterator[str]:
    """The table, where both were measured."""
    if results.ratio(WITH, J1, WITHOUT, J1) is None:
        return
    yield "| recording is to not recording | rate | CPU of serving a request | µs without | µs with |"
    yield "| --- | --- | --- | --- | --- |"
    for scenario, title in _SCENARIOS.items():
        rate = results.ratio(WITH, scenario, WITHOUT, scenario)
        cpu = cpu_figure(scenario)
        cells = rate, results.ratio(WITH, cpu, WITHOUT, cpu), results.figure(WITHOUT, cpu), results.figure(WITH, cpu)
        yield f"| {title} | {' | '.join(map(show_ratio, cells))} |"
    yield ""
    delivery, lag = (show_ratio(results.figure(WITH, figure)) for figure in (DELIVERY, LAG))
    yield f"The delivery process takes {delivery} µs of CPU a record, and had caught up {lag} s after the load."
    yield ""


def _ask(server: Server) -> dict[str, float]:
    with urlopen(f"http://127.0.0.1:{server.ports.http}/metrics", timeout=10) as answer:  # http, ours
        lines = answer.read().decode().splitlines()
    prefix = "assay_recorder_"
    found = [line.split() for line in lines if line.startswith(prefix)]
    return {name.removeprefix(prefix): float(value) for name, value in found}
