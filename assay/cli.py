"""The `assay` program: one command a task, results to stdout, progress and errors to stderr.

Exit codes: 0 done, 1 an error that one line on stderr explains, 2 wrong usage, 130 interrupted. `gate` and `promote`
answer with their verdict: 0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE, 12 ERROR; `rollout status` with how the rollout ended,
or 20 while it is under way.
"""

import os
import signal
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from assay.commands.cluster import cluster_app
from assay.commands.demo import demo
from assay.commands.evaluate import evaluate
from assay.commands.gate import gate_app
from assay.commands.pack import pack
from assay.commands.promote import promote
from assay.commands.rollout import rollout_app
from assay.commands.rollout_exporter import rollout_exporter
from assay.commands.serve import serve
from assay.commands.split import split_app
from assay.commands.store import store_app
from assay.commands.train import train
from assay.explained_errors import EXPLAINED

app = typer.Typer(
    name="assay",
    help="Serve ONNX models; let a new revision take traffic only after it has been shown not to be worse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"assay {version('assay')}")
        raise typer.Exit


@app.callback()
def _assay(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command()(train)
app.command()(evaluate)
app.command()(pack)
app.command()(serve)
app.add_typer(split_app, name="split")
app.add_typer(store_app, name="store")
app.add_typer(gate_app, name="gate")
app.command()(promote)
app.add_typer(rollout_app, name="rollout")
app.command("rollout-exporter")(rollout_exporter)
app.add_typer(cluster_app, name="cluster")
app.command()(demo)


def main() -> None:
    """Run the program; an error that a person can act on becomes one line, everything else a traceback."""
    try:
        app(prog_name="assay")
    except EXPLAINED as error:
        _fail(error)
    except KeyboardInterrupt:
        typer.echo("assay: interrupted", err=True)
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: nothing left to say
        sys.exit(128 + signal.SIGPIPE)


def _fail(error: Exception) -> None:
    typer.echo(f"assay: {error}", err=True)
    sys.exit(1)
