"""`assay stage`: the stages of a training one by one, with files between them. dvc.yaml runs these."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from assay.commands.train import load_training, provenance_of, tracked
from assay.output import print_json, print_lines, say

stage_app = typer.Typer(
    no_args_is_help=True,
    help="The stages of `assay train` one by one, with files between them; the same code, the same bundle.",
)

ParamsOption = Annotated[Path, typer.Option(metavar="FILE", help="The parameters.")]
DataOption = Annotated[Path, typer.Option(metavar="DIR", help="What extract_data wrote.")]
PARAMS = Path("params.yaml")


@stage_app.command("extract_data")
def extract_data(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the rows are written.")],
    params: ParamsOption = PARAMS,
) -> None:
    """Read the training rows and the holdout that the parameters name, check them, and write them.

    Example: assay stage extract_data --out build/data
    """
    from training.experiment import run_extract_data
    from training.parameters import read_parameters
    from training.stage_files import write_data

    parameters = read_parameters(params)
    data = run_extract_data(*load_training(parameters), parameters)
    with _writing(out):
        write_data(data, out)
    print_lines([f"{len(data.rows)} rows of {data.rows.name}, holdout {len(data.holdout)} rows: {out}"])


@stage_app.command("train_model")
def train_model(
    data: DataOption,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the ONNX graph is written.")],
    params: ParamsOption = PARAMS,
) -> None:
    """Fit the estimator, export it to ONNX, and check that both answer alike.

    Example: assay stage train_model --data build/data --out build/model
    """
    from training.experiment import run_train_model
    from training.parameters import read_parameters
    from training.stage_files import read_data, write_model

    model = run_train_model(read_data(data), read_parameters(params), say)
    with _writing(out):
        write_model(model, out)
    print_lines([f"ONNX graph: {out}"])


@stage_app.command("inference_model")
def inference_model(
    data: DataOption,
    model: Annotated[Path, typer.Option(metavar="DIR", help="What train_model wrote.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the bundle is written, in a directory of its own.")],
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write metrics, plots and TensorBoard's event files there.")
    ] = None,
    params: ParamsOption = PARAMS,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Answer the holdout, score the answers, and write the bundle: an experiment, where ASSAY_TRACKING_URL is set.

    Example: assay stage inference_model --data build/data --model build/model --out build/bundle --report build/report
    """
    from assay.recorded_training import recorded_training
    from training.experiment import describe_rows, run_inference_model
    from training.parameters import read_parameters
    from training.run_files import write_run_files
    from training.settings import TrainingSettings
    from training.stage_files import read_data, read_model

    parameters = read_parameters(params)
    with (
        tracked(TrainingSettings().tracking_url, parameters, None) as run,
        recorded_training(run, parameters, is_begun_here=True) as record,
    ):
        parameters = parameters.numbered(None, run.experiment_id if run else None)
        extracted, trained = read_data(data), read_model(model)
        provenance = provenance_of(parameters, params)
        record.describe(extracted.parts, describe_rows(extracted.holdout), provenance.commit)
        finished = run_inference_model(extracted, trained, parameters, provenance, out, say)
        if run is not None:
            run.finish(finished)
        record.finish(finished)
    if report is not None:
        with _writing(report):
            write_run_files(finished, report)
    if json:
        print_json({"bundle": str(finished.bundle.path), "digest": finished.bundle.digest})
        return
    print_lines([f"bundle   {finished.bundle.path}", f"{finished.metrics.headline} on {finished.metrics.rows} rows"])


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    from training.errors import StageFilesNotUsable

    try:
        yield
    except OSError as error:
        raise StageFilesNotUsable(f"{error.filename or directory}: cannot be written: {error.strerror}") from error
