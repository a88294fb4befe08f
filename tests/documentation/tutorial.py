"""Runs a page as a reader would: its blocks of commands one after the other, in one shell that ends at the first error.

A block of commands begins with ```sh. The block right behind it, if there is one, is what the page shows of its
output: each line of it has to be among the lines that were printed, in that order, but for what differs from run to
run. A line that is `…` stands for whatever was left out.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from documentation.source import ROOT
from tests.assay.program import free_ports

PATIENCE_SECONDS = 800.0
_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PORT = re.compile(r"\b80[0-9]{2}\b")
_VARYING = re.compile(r"sha256:[0-9a-f]+|\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b|[-+]?\b\d+(\.\d+)?(e-?\d+)?")


_SURROUNDINGS = {**os.environ, "no_proxy": "*", "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


@dataclass(frozen=True, slots=True)
class Step:
    """A block of commands, and what the page shows of its output."""

    commands: str
    shown: tuple[str, ...]


def read_steps(page: str) -> list[Step]:
    """The page's blocks of commands, in their order."""
    steps: list[Step] = []
    end = -1
    for block in _BLOCK.finditer(page):
        if block["language"] == "sh":
            steps.append(Step(block["text"], ()))
        elif steps and block.start() == end + 1:
            steps[-1] = Step(steps[-1].commands, tuple(block["text"].splitlines()))
        end = block.end()
    return steps


def run_page(page: Path, folder: Path, environment: Mapping[str, str] = MappingProxyType({})) -> None:
    """Run it in `folder`, which becomes like a checkout, on ports that are free. AssertionError where it fails."""
    steps = read_steps(page.read_text(encoding="utf-8"))
    assert len(steps) > 2
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "docs").symlink_to(ROOT / "docs")
    outputs = folder / "outputs"
    outputs.mkdir()
    script = "\n".join(f"exec >{outputs}/{number} 2>&1\n{step.commands}" for number, step in enumerate(steps))
    ports = sorted(set(_PORT.findall(script)))
    places = dict(zip(ports, free_ports(len(ports)) if ports else (), strict=True))
    script = _PORT.sub(lambda port: str(places[port[0]]), script)
    with subprocess.Popen(
        ["bash", "-eu", "-c", script], cwd=folder, env={**_SURROUNDINGS, **environment}, start_new_session=True
    ) as shell:
        try:
            code = shell.wait(PATIENCE_SECONDS)
        finally:
            _end(shell.pid)
    written = [(outputs / str(number)).read_text() for number in range(len(list(outputs.iterdir())))]
    assert code == 0, written[-1]
    for step, output in zip(steps, written, strict=True):
        _compare(step, output)


def _compare(step: Step, output: str) -> None:
    lines = iter([_plain(line) for line in output.splitlines()])
    for shown in step.shown:
        assert shown == "…" or any(line == _plain(shown) for line in lines), f"{shown!r} is not in:\n{output}"


def _plain(line: str) -> str:
    """Without what differs from run to run and from machine to machine: digests, ids, numbers, how wide a column is."""
    return " ".join(_VARYING.sub("N", line).split())


def _end(session: int) -> None:
    try:
        os.killpg(session, signal.SIGKILL)
    except ProcessLookupError:
        return
