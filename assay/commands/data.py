"""`assay data`: what `PUT /add_data` and `POST /feedback/part` do to a console's data set, as commands beside it."""

import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.labelled_data import load_rows
from assay.output import print_json, print_lines, say
from assay.whoami import who

if TYPE_CHECKING:
    from console.data_parts import DataPart, DataParts
    from console.settings import ConsoleSettings
    from console.uploads import UploadLimits
    from dataset import LabelledRows

data_app = typer.Typer(
    no_args_is_help=True,
    help="The parts of a console's data set: add some, list them, make one of true labels. The console may run.",
)

StateOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="The console's state directory, made if it is missing.  [default: build/console]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@data_app.command()
def add(
    specifications: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC…",
            help="A .csv, .csv.gz, .parquet, a .zip of images with labels.csv, or a built-in; each a part.",
        ),
    ],
    state: StateOption = None,
    json: JsonOption = False,
) -> None:
    """Add labelled rows to the data set, each SPEC as a part. What is there already stays one part.

    Rows that are known are left out; a SPEC with a row of the pinned holdout is refused, and those after it wait.

    Example: assay data add part2.csv.gz
    """
    from console.data_wiring import upload_limits, wire_data

    settings = _settings(state)
    parts, limits = wire_data(settings.state.absolute(), settings), upload_limits(settings)
    added = []
    for specification in specifications:
        say(f"reading {specification}")
        part, is_new = parts.add(_read_rows(specification, parts, limits), who())
        added.append({"part": asdict(part), "is_new": is_new})
        if not json:
            print_lines([f"{'added' if is_new else 'was there':9}  {_line(part)}"])
    if json:
        print_json({"parts": added})


@data_app.command("parts")
def list_parts(state: StateOption = None, json: JsonOption = False) -> None:
    """List the parts, oldest first, with the files that `assay train --data` takes.

    Example: assay data parts
    """
    from console.data_wiring import wire_data

    settings = _settings(state)
    data = wire_data(settings.state.absolute(), settings)
    found = [(part, data.path_of(part.digest)) for part in data.look()]
    if json:
        print_json({"parts": [{**asdict(part), "path": str(path)} for part, path in found]})
        return
    print_lines(line for part, path in found for line in (_line(part), f"        {path}"))
    if not found:
        say(f"{settings.state}: no parts yet; add some with assay data add")


@data_app.command()
def from_feedback(
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose predictions; else the one that serves.")
    ] = None,
    minimum_rows: Annotated[int | None, typer.Option(min=1, help="Fewer new ones are refused.  [default: 50]")] = None,
    state: StateOption = None,
    json: JsonOption = False,
) -> None:
    """Make a data part of the predictions whose true label was given, without rows that the data set has already.

    Asked again, it makes one of what came since. The labels are those in the console's database of records.

    Example: assay data from-feedback --minimum-rows 100
    """
    from console.feedback_parts import USUAL_ROWS
    from console.wiring import wire_feedback_parts

    settings = _settings(state)
    made = wire_feedback_parts(settings.state.absolute(), settings).make(model, minimum_rows or USUAL_ROWS, who())
    if json:
        print_json({"part": asdict(made)})
    else:
        print_lines([f"{'added':9}  {_line(made)}"])


def _settings(state: Path | None) -> "ConsoleSettings":
    from console.settings import ConsoleSettings

    return ConsoleSettings(**({"state": state} if state is not None else {}))


def _read_rows(specification: str, parts: "DataParts", limits: "UploadLimits") -> "LabelledRows":
    """As an upload is read, where it is a file."""
    from console.uploads import read_labelled_file

    if not os.path.isfile(specification):
        return load_rows(specification)
    path = Path(specification)
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        return read_labelled_file(path, path.name, limits, parts.columns(), Path(folder))


def _line(part: "DataPart") -> str:
    known = f", {part.duplicates} known ones left out" if part.duplicates else ""
    return f"part {part.number}  {part.rows:6} rows{known}  {part.digest}  {part.name}"
