"""Commands and options, as Typer itself writes them down."""

import re

import typer
from typer.cli import get_docs_for_click

from assay.cli import create_program
from documentation.markdown import GENERATED, NotDocumented, escaped

_INTRODUCTION = """# Commands
`assay COMMAND --help` says the same. Results go to standard output, progress and errors to standard error. Exit codes:
0 done, 1 an error that one line explains, 2 wrong usage, 130 interrupted; those of the gate and of a rollout are their
[verdict](../gate.md#in-order). A `<name>` or `DIR` in capitals is yours to fill in.
"""
_OPTION = re.compile(r"^\* `([^`]*)`(: .+)?$")


def page() -> str:
    """Every command, option and default."""
    command = typer.main.get_command(create_program())
    written = get_docs_for_click(obj=command, ctx=typer.Context(command), name="assay")
    lines = [_checked(line) for line in written.strip().splitlines()]
    first = lines.index("**Usage**:")
    return "\n".join([f"{GENERATED}{_INTRODUCTION}", *lines[first:]]) + "\n"


def _checked(line: str) -> str:
    option = _OPTION.match(line)
    if option and not option[2]:
        raise NotDocumented(f"the option or command {option[1]} has no help")
    return escaped(line)
