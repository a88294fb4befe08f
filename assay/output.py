"""What commands print: results to stdout, for a person or as JSON for a program; progress to stderr."""

import logging
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import orjson
import typer

_OURS = "assay"


class LogFormat(StrEnum):
    """How a log looks on stderr."""

    LINES = "lines"
    JSON = "json"


def start_log(name: str, log_format: LogFormat, level: str = "info") -> logging.Logger:
    """The logger `name`, which is below `assay`, from `level` on; and those of libraries, from warnings on.

    As JSON, lines of progress (`say`) are entries of it, too.
    """
    from predictor.log_lines import JsonLines

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("assay: %(message)s"))
    if log_format is LogFormat.JSON:
        handler.setFormatter(JsonLines())
        ours = logging.getLogger(_OURS)
        ours.handlers, ours.propagate = [handler], False
        ours.setLevel(level.upper())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    log = logging.getLogger(name)
    log.setLevel(level.upper())
    return log


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


def say(text: str, level: int = logging.INFO) -> None:
    """A line of progress; an error has that level, in a log that has any."""
    ours = logging.getLogger(_OURS)
    if ours.handlers:  # start_log has made it a log of JSON
        ours.log(level, text)
    else:
        typer.echo(f"assay: {text}", err=True)
