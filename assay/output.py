"""What commands print: results to stdout, for a person or as JSON for a program; progress to stderr."""

import logging
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import orjson
import typer


class LogFormat(StrEnum):
    """How a log looks on stderr."""

    LINES = "lines"
    JSON = "json"


def start_log(name: str, log_format: LogFormat, level: str = "info") -> logging.Logger:
    """The logger `name`, from `level` on; and all others, from warnings on."""
    from predictor.log_lines import JsonLines

    handler = logging.StreamHandler(sys.stderr)
    is_json = log_format is LogFormat.JSON
    handler.setFormatter(JsonLines() if is_json else logging.Formatter("assay: %(message)s"))
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


def say(text: str) -> None:
    """A line of progress."""
    typer.echo(f"assay: {text}", err=True)
