"""`make fuzz`: every parser for a minute, or for as long as is asked for.

Each has a process of its own, which writes every input into a file before the parser gets it: so it is known whatever
becomes of the process. What was found is kept in build/fuzz, and printed with the command that shows it again.
"""

import argparse
import hashlib
import json
import logging
import os
import resource
import selectors
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fuzz.bounds import PROCESSOR_SECONDS, Bounds, Fault
from tests.fuzz.names import PARSERS

if TYPE_CHECKING:
    from tests.fuzz.run import Tried

KEPT = Path("build/fuzz")
_ROUND = 500
"""Inputs of which hypothesis keeps account, so that none comes twice; then it begins anew."""
_STUCK_SECONDS = 6 * PROCESSOR_SECONDS
_ADDRESS_BYTES = 8 * 2**30  # more than any of it needs: nobody's machine goes down with it


def main() -> int:
    """Do what the command line asks for; 1 where something was found."""
    options = argparse.ArgumentParser(prog="make fuzz", description=__doc__, allow_abbrev=False)
    options.add_argument("--parser", choices=PARSERS, help="all of them where it is left out")
    options.add_argument("--seconds", type=float, help="for each parser; 60 without --examples")
    options.add_argument("--examples", type=int, help="inputs for each parser")
    options.add_argument("--replay", type=Path, metavar="FILE", help="give the parser this one input")
    options.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.replay is not None and asked.parser is None:
        options.error("--replay needs --parser: which one takes the input")
    if asked.child or asked.replay is not None:
        with tempfile.TemporaryDirectory(prefix="assay-fuzz-") as folder:
            return _replay(Path(folder), asked) if asked.replay else _run_one(Path(folder), asked)
    KEPT.mkdir(parents=True, exist_ok=True)
    return _run_all([asked.parser] if asked.parser else PARSERS, asked)


def _run_all(names: Sequence[str], asked: argparse.Namespace) -> int:
    how = [f"--examples={asked.examples}"] if asked.examples else []
    how += [f"--seconds={asked.seconds or 60}"] if asked.seconds or not asked.examples else []
    inputs, begun, found = 0, 0, []
    try:
        for name in names:
            begun += 1
            said: dict[str, Any] = {"inputs": 0, "taken": 0}
            try:
                fault = _watch(name, how, said)
            finally:
                inputs += said["inputs"]
            _clear_line()
            if fault is None:
                print(f"{name:24} {said['inputs']:9,} inputs, {said['taken']:,} taken, the others refused")
                continue
            found.append(name)
            kept = _keep(name)
            print(f"{name:24} {said['inputs']:9,} inputs, FOUND: {fault}")
            print(f"    {kept}; again: make fuzz PARSER={name} REPLAY={kept}")
    except KeyboardInterrupt:
        _clear_line()
        print("stopped")
    print(f"{inputs:,} inputs of {begun} parsers; found: {', '.join(found) or 'nothing'}")
    return 1 if found else 0


def _watch(name: str, how: Sequence[str], said: dict[str, Any]) -> str | None:
    """Run one parser in a process of its own, and say in `said` how far it is; what was found."""
    (KEPT / f"{name}.input").write_bytes(b"")
    command = [sys.executable, "-m", "tests.fuzz", "--child", f"--parser={name}", *how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as child:
        assert child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            try:
                while selector.select(_STUCK_SECONDS):
                    line = child.stdout.readline()
                    if not line:
                        code = child.wait()
                        return said.get("fault") or (f"the process ended with {code}" if code else None)
                    said.update(json.loads(line))
                    if sys.stdout.isatty():
                        print(f"\r{name:24} {said['inputs']:9,} inputs", end="", flush=True)
                return f"nothing was heard for {_STUCK_SECONDS:g} s"
            finally:
                child.kill()


def _run_one(folder: Path, asked: argparse.Namespace) -> int:
    logging.disable()  # libraries say at length what is wrong with an input
    warnings.simplefilter("ignore")
    from tests.fuzz.parsers import all_parsers  # noqa: PLC0415 - the rooms take seconds to load
    from tests.fuzz.run import Tried, try_inputs, try_samples  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
    parser, bounds = all_parsers(folder)[asked.parser], Bounds(folder)
    tried, said_at = Tried(), 0.0
    ends = time.monotonic() + asked.seconds if asked.seconds else float("inf")
    file = os.open(KEPT / f"{asked.parser}.input", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)

    def before(content: bytes) -> None:
        nonlocal said_at
        os.pwrite(file, content, 0)
        os.ftruncate(file, len(content))
        if (now := time.monotonic()) - said_at > 1:
            said_at = now
            _say(tried)

    try:
        for sample in parser.samples:
            before(sample)
        try_samples(parser, bounds, tried)
        while (left := (asked.examples or 10**12) - tried.inputs) > 0 and time.monotonic() < ends:
            try_inputs(parser, bounds, min(_ROUND, left), tried, before)
    except Exception as error:  # a Fault, or hypothesis' word that it was one only once
        before(tried.last)
        _say(
            tried,
            fault=str(error) if isinstance(error, Fault) else f"{type(error).__name__}: {error or 'another value'}",
        )
        return 1
    _say(tried)
    return 0


def _say(tried: "Tried", **more: str) -> None:
    print(json.dumps({"inputs": tried.inputs, "taken": tried.taken, **more}), flush=True)


def _keep(name: str) -> Path:
    content = (KEPT / f"{name}.input").read_bytes()
    path = KEPT / f"{name}-{hashlib.sha256(content).hexdigest()[:8]}.input"
    path.write_bytes(content)
    return path


def _replay(folder: Path, asked: argparse.Namespace) -> int:
    from tests.fuzz.parsers import all_parsers  # noqa: PLC0415

    parser = all_parsers(folder)[asked.parser]
    is_taken = Bounds(folder).examine(parser, asked.replay.read_bytes())
    print(f"{asked.parser}: {'taken' if is_taken else 'refused, as documented'}")
    return 0


def _clear_line() -> None:
    if sys.stdout.isatty():
        print("\r\033[K", end="")


if __name__ == "__main__":
    sys.exit(main())
