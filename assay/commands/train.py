"""`assay train`: labelled rows in, a bundle out, and an experiment on record where somebody tracks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.labelled_data import load_rows
from assay.output import print_json, print_lines, say
from assay.termination import raise_when_terminated

if TYPE_CHECKING:
    from dataset import LabelledRows
    from training.parameters import TrainingParameters
    from training.provenance import Provenance
    from training.tracking.run import ExperimentRun

SPEC_HELP = "a built-in data set (digits), a part of one (digits:part-1), or the path of a .csv, .csv.gz or .parquet"


def train(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the bundle is written, in a directory of its own.")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", metavar="SPEC…", help=f"Training rows, one or more of: {SPEC_HELP}; else the parameters'."
        ),
    ] = None,
    holdout: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="Rows to evaluate on, none of them in the data; else the parameters'."),
    ] = None,
    more_data: Annotated[list[str] | None, typer.Argument(metavar="[SPEC…]", hidden=True)] = None,
    params: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Parameters; left out, the defaults that params.yaml shows.")
    ] = None,
    model_version: Annotated[
        int | None, typer.Option(min=1, help="Which of the model's bundles this is; overrides the parameters.")
    ] = None,
    experiment: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Which training run this is; overrides the parameters. With --track, one that was begun already.",
        ),
    ] = None,
    track: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Keep the experiment there: sqlite:///FILE or an MLflow server; else ASSAY_TRACKING_URL, where set.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write metrics, plots and TensorBoard's event files there.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a model, export it to ONNX, check that both answer alike, evaluate it, and write a bundle.

    The same data, parameters and commit give the same bundle digest.

    Example: assay train --data digits:part-1 --holdout digits:holdout --out build/bundles
    """
    from assay.recorded_training import recorded_training
    from training.experiment import describe_rows, run_experiment
    from training.parameters import read_parameters
    from training.run_files import write_run_files
    from training.settings import TrainingSettings

    parameters = read_parameters(params).numbered(model_version, experiment)
    parameters = parameters.trained_on([*(data or []), *(more_data or [])], holdout)
    url, is_begun_here = track or TrainingSettings().tracking_url, experiment is None
    with (
        tracked(url, parameters, experiment) as run,
        recorded_training(run, parameters, is_begun_here=is_begun_here) as record,
    ):
        parameters = parameters.numbered(None, run.experiment_id if run else None)
        parts, rows_to_evaluate = load_training(parameters)
        provenance = provenance_of(parameters, params)
        record.describe([describe_rows(part) for part in parts], describe_rows(rows_to_evaluate), provenance.commit)
        finished = run_experiment(parts, rows_to_evaluate, parameters, provenance, out, say)
        version = run.finish(finished) if run else None
        record.finish(finished)
        if report is not None:
            write_run_files(finished, report)
    bundle = finished.bundle
    on_record = {"experiment_id": run.experiment_id, "registered_version": version} if run else {}
    if json:
        metrics = {"rows": finished.metrics.rows, **finished.metrics.summary()}
        print_json({"bundle": str(bundle.path), "digest": bundle.digest, "metrics": metrics, **on_record})
        return
    print_lines(
        [
            f"bundle   {bundle.path}",
            f"digest   {bundle.digest}",
            f"{finished.metrics.headline} on {finished.metrics.rows} holdout rows",
            *([f"tracked  experiment {run.experiment_id}, {bundle.manifest.model} version {version}"] if run else []),
            f"next     assay serve --bundle {bundle.path}",
        ]
    )


def load_training(parameters: "TrainingParameters") -> "tuple[list[LabelledRows], LabelledRows]":
    """The parts and the holdout that the parameters name. Raises DatasetError."""
    data = parameters.dataset
    return [load_rows(specification) for specification in data.training], load_rows(data.holdout)


def provenance_of(parameters: "TrainingParameters", params: Path | None) -> "Provenance":
    """Of a training started here, with the files that it reads."""
    from training.provenance import find_provenance
    from training.settings import TrainingSettings

    named = (*parameters.dataset.training, parameters.dataset.holdout, params or "")
    inputs = [path for path in map(Path, named) if path.is_file()]
    return find_provenance(Path.cwd(), inputs, TrainingSettings().source_date_epoch)


@contextmanager
def tracked(
    url: str | None, parameters: "TrainingParameters", experiment_id: int | None
) -> "Iterator[ExperimentRun | None]":
    """The experiment on record, which ends however the block does; None where nobody tracks."""
    if not url:
        yield None
        return
    from training.tracking.opening import open_tracking

    raise_when_terminated()
    store = open_tracking(url)
    if experiment_id is None:
        run = store.begin(parameters.experiment.name, parameters.model.name)
    else:
        run = store.go_on(experiment_id)
    say(f"experiment {run.experiment_id}")
    with run.ending():
        run.log_parameters(parameters.numbered(None, run.experiment_id))
        yield run
