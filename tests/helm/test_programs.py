"""What the chart runs exists: every command line is one that the program takes."""

from typing import Any

import pytest
import typer

from assay.cli import create_program
from tests.helm.rendering import EVERYTHING, Values, containers, render

MODES: dict[str, Values] = {
    "deployment": {},
    "kserve": {"mode": "kserve", "model": "classifier"},
    "everything": EVERYTHING,
}


@pytest.mark.parametrize("values", MODES.values(), ids=MODES)
def test_the_program_takes_every_command_line_of_the_chart(values: Values) -> None:
    for pod in render(values).pods().values():
        for container in containers(pod):
            _parse(container["args"])


def _parse(arguments: list[str]) -> None:
    command: Any = typer.main.get_command(create_program())
    rest = list(arguments)
    while hasattr(command, "commands"):
        assert rest[0] in command.commands, f"assay has no {' '.join(arguments)}"
        command = command.commands[rest.pop(0)]
    command.make_context("assay", rest)
