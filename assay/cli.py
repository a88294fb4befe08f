"""The `assay` program: one command a task, results to stdout, progress and errors to stderr.

Exit codes: 0 done, 1 an error that one line on stderr explains, 2 wrong usage, 130 interrupted. `gate` and `promote`
answer with their verdict: 0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE, 12 ERROR; `rollout status` with how the rollout ended,
or 20 while it is under way.
"""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Annotated

import typer

from assay.explained_errors import EXPLAINED
from assay.output import say


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"assay {version('assay')}")
        raise typer.Exit


def _assay(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


_COMMANDS = {
    "train": "train:train",
    "stage": "stage:stage_app",
    "evaluate": "evaluate:evaluate",
    "experiments": "experiments:experiments_app",
    "bundle": "bundle:bundle_app",
    "pack": "pack:pack",
    "serve": "serve:serve",
    "keys": "keys:keys_app",
    "split": "split:split_app",
    "store": "store:store_app",
    "gate": "gate:gate_app",
    "promote": "promote:promote",
    "rollout": "rollout:rollout_app",
    "console": "console:console",
    "data": "data:data_app",
    "rollout-exporter": "rollout_exporter:rollout_exporter",
    "db": "db:db_app",
    "cluster": "cluster:cluster_app",
    "demo": "demo:demo",
}
"""Each command, and where it is: `module:name` in assay/commands."""


def create_program(asked: Sequence[str] = ()) -> typer.Typer:
    """The program for the arguments `asked`: with the one command that they begin with, or with all of them.

    To import what all commands are made of takes about as long as to start a server.
    """
    program = typer.Typer(
        name="assay",
        help="Serve ONNX models; let a new revision take traffic only after it has been shown not to be worse.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_assay)
    for name, place in _COMMANDS.items():
        if asked[:1] and asked[0] in _COMMANDS and asked[0] != name:
            continue
        module, _, attribute = place.partition(":")
        command = getattr(import_module(f"assay.commands.{module}"), attribute)
        if isinstance(command, typer.Typer):
            program.add_typer(command, name=name)
        else:
            program.command(name)(command)
    return program


def main() -> None:
    """Run the program; an error that a person can act on becomes one line, everything else a traceback."""
    try:
        create_program(sys.argv[1:])(prog_name="assay")
    except EXPLAINED as error:
        _fail(error)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or find_spec(package):  # a part of something that is here, which is a mistake of ours
            raise
        _fail(f"this needs {package}, which is not installed here: expected assay[full], or the image assay-full")
    except KeyboardInterrupt:
        say("interrupted", logging.WARNING)
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: nothing left to say
        sys.exit(128 + signal.SIGPIPE)


def _fail(because: Exception | str) -> None:
    say(str(because), logging.ERROR)
    sys.exit(1)
