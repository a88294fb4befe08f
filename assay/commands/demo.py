"""`assay demo`: the whole story, on this machine, in about two minutes."""

import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

PORTS = 5


def demo(
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A folder with train-1, train-2 and test tables; left out, digits."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where each run makes a directory.")] = Path("build/demo"),
    port: Annotated[
        int, typer.Option(min=1024, max=65531, help="Port of the gateway; the four next ones are the revisions'.")
    ] = 18080,
) -> None:
    """Train, serve, judge and promote: a better model takes the traffic, a sabotaged one does not.

    Everything runs on this machine, with real processes and steady clients; nothing is left running.

    Example: assay demo --data ~/fashion-mnist
    """
    from assay.demo.data import find_demo_data
    from assay.demo.errors import DemoFailed
    from assay.demo.story import Story
    from assay.demo.summary import finish
    from assay.processes import Processes
    from promotion.routers.envoy.listening_port import refuse_taken_port

    found = find_demo_data(data)
    for each in range(port, port + PORTS):
        refuse_taken_port("127.0.0.1", each, advice="choose others with --port (make demo PORT=…)")
    directory = out / datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    try:
        (directory / "data").mkdir(parents=True)
    except OSError as error:
        raise DemoFailed(f"{directory} cannot be made: {error.strerror}") from error
    signal.signal(signal.SIGTERM, _end)
    with Processes(directory / "logs", _show) as processes:
        story = Story(found, directory, port, processes, _show)
        traffic = story.tell()
    for line in finish(story, traffic):
        _show(line)


def _show(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()


def _end(_signal: int, _frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)
