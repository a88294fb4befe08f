"""`assay experiments`: what was trained and tracked, one experiment in full, and two side by side."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.output import print_json

if TYPE_CHECKING:
    from console.paired_test import PairedTest
    from training.tracking.store import TrackingStore

experiments_app = typer.Typer(no_args_is_help=True, help="Experiments on record: list them, look at one, compare two.")

TrackOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where they are; else ASSAY_TRACKING_URL, else sqlite:///build/tracking.db."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@experiments_app.command("list")
def list_experiments(
    model: Annotated[str | None, typer.Option(help="Only those of this model.")] = None,
    track: TrackOption = None,
    json: JsonOption = False,
) -> None:
    """List them, the newest first.

    Example: assay experiments list --track sqlite:///build/tracking.db
    """
    from assay.experiment_view import show_list

    store = _open(track)
    found = store.list(model)
    if json:
        print_json({"experiments": [asdict(one) for one in found]})
        return
    registered = sorted({one.model for one in found if one.version is not None})
    aliases = {name: store.registry.read_aliases(name) for name in registered}
    _print([show_list(found, aliases)])


@experiments_app.command()
def show(
    experiment: Annotated[int, typer.Argument(min=1, metavar="N", help="Its id.")],
    track: TrackOption = None,
    json: JsonOption = False,
) -> None:
    """Show one: its parameters, metrics, files.

    Example: assay experiments show 1
    """
    from assay.experiment_view import show_one

    store = _open(track)
    found, files = store.read(experiment), store.list_files(experiment)
    if json:
        print_json({**asdict(found), "files": files})
        return
    _print(show_one(found, files))


@experiments_app.command()
def diff(
    first: Annotated[int, typer.Argument(min=1, metavar="FIRST", help="An experiment's id.")],
    second: Annotated[int, typer.Argument(min=1, metavar="SECOND", help="Another's.")],
    track: TrackOption = None,
    json: JsonOption = False,
) -> None:
    """Compare two: parameters that differ, metrics, and the paired test of their answers to the same holdout.

    Two numbers alone do not say whether one model is better: both have to be asked the same rows, and the test counts
    those that one of them alone has right. Where the holdouts differ there is no such test.

    Example: assay experiments diff 1 2
    """
    from assay.experiment_view import differing_parameters, show_diff
    from console.paired_test import compare_paired
    from training.errors import ExperimentsNotComparable
    from training.tracking.paired_answers import pair_answers

    store = _open(track)
    pair = store.read(first), store.read(second)
    paired: PairedTest | None = None
    because = None
    try:
        paired = compare_paired(pair_answers(store, *pair))
    except ExperimentsNotComparable as error:
        because = str(error)
    if json:
        metrics = {str(one.experiment_id): one.metrics for one in pair}
        differing = {name: list(values) for name, values in differing_parameters(*pair).items()}
        test = asdict(paired) if paired else None
        print_json(
            {"parameters": differing, "metrics": metrics, "paired_test": test, "no_paired_test_because": because}
        )
        return
    _print(show_diff(*pair, paired.text if paired else f"no paired test: {because}"))


def _open(url: str | None) -> "TrackingStore":
    from training.settings import TrainingSettings
    from training.tracking.opening import DEFAULT_TRACKING_URL, open_tracking

    return open_tracking(url or TrainingSettings().tracking_url or DEFAULT_TRACKING_URL)


def _print(parts: Iterable[Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    for part in parts:
        console.print(part)
