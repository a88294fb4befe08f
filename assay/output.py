"""What commands print: results to stdout, for a person or as JSON for a program; progress to stderr."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import typer


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document."""
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())


def print_lines(lines: Iterable[str]) -> None:
    """Lines for a person."""
    for line in lines:
        typer.echo(line)


def say_lines(lines: Iterable[str]) -> None:
    """Lines of progress."""
    for line in lines:
        say(line)


def say(text: str) -> None:
    """A line of progress."""
    typer.echo(f"assay: {text}", err=True)
