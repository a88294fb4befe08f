"""`python -m benchmarks`: measure, print the tables, write results.json and rates.svg. Ctrl-C leaves no process."""

import argparse
import signal
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.environments import install
from benchmarks.errors import BenchmarkError
from benchmarks.load import check_tools
from benchmarks.machine import describe_machine, version_of
from benchmarks.peers import PEERS, Peer
from benchmarks.picture import draw_rates
from benchmarks.results import IN_PROCESS, Results
from benchmarks.rounds import Bench, measure
from benchmarks.tables import write_tables


def main() -> int:
    """The exit code: 0, or 1 when nothing could be measured."""
    given = _parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and so end what was started
    out: Path = given.out
    try:
        machine = describe_machine()
        check_tools()
        bench = Bench.prepare((out / "run").absolute(), seconds=given.seconds)
        measured = measure(bench, given.peers, partial(install, (out / "environments").absolute()), given.rounds, _say)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    packages = {peer.name: peer.package for peer in given.peers if peer.name in measured.pythons}
    results = Results(
        date=datetime.now(UTC).date().isoformat(),
        machine=machine,
        seconds=given.seconds,
        titles={IN_PROCESS: "ONNX Runtime in process, no server", **{peer.name: peer.title for peer in given.peers}},
        versions={package: version_of(package, measured.pythons[name]) for name, package in packages.items()},
        absent=measured.absent,
        rounds=measured.rounds,
    )
    results.write(out / "results.json")
    (out / "rates.svg").write_text(draw_rates(results), encoding="utf-8")
    print(write_tables(results), end="")
    _say(f"{out}/results.json and {out}/rates.svg are written")
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = " ".join(peer.name for peer in PEERS)
    parser.add_argument("--peers", type=_find_peers, default="", help=f"some of: {names}; left out, all but slow ones")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", default=3)
    parser.add_argument("--seconds", type=int, choices=range(1, 600), metavar="N", default=3, help="of each load")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="directory of everything that it writes")
    return parser.parse_args()


def _find_peers(text: str) -> list[Peer]:
    names = text.replace(",", " ").split()
    known = {peer.name: peer for peer in PEERS}
    if unknown := set(names) - known.keys():
        raise argparse.ArgumentTypeError(f"no peer {', '.join(sorted(unknown))}; expected some of {' '.join(known)}")
    return [known[name] for name in names] or [peer for peer in PEERS if not peer.is_slow]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
