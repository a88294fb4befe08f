"""`assay train`: labelled rows in, a bundle out."""

from pathlib import Path
from typing import Annotated

import typer

from assay.labelled_data import load_rows
from assay.output import print_json, print_lines, say

SPEC_HELP = "a built-in data set (digits), a part of one (digits:part-1), or the path of a .csv or .csv.gz"


def train(
    data: Annotated[
        list[str], typer.Option("--data", metavar="SPEC…", help=f"Training rows, one or more of: {SPEC_HELP}.")
    ],
    holdout: Annotated[str, typer.Option(metavar="SPEC", help="Rows to evaluate on; none of them may be in the data.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the bundle is written, in a directory of its own.")],
    more_data: Annotated[list[str] | None, typer.Argument(metavar="[SPEC…]", hidden=True)] = None,
    params: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Parameters; left out, the defaults that params.yaml shows.")
    ] = None,
    model_version: Annotated[
        int | None, typer.Option(min=1, help="Which of the model's bundles this is; overrides the parameters.")
    ] = None,
    experiment_id: Annotated[
        int | None, typer.Option(min=1, help="Which training run this is; overrides the parameters.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a model, export it to ONNX, check that both answer alike, evaluate it, and write a bundle.

    The same data, parameters and commit give the same bundle digest.

    Example: assay train --data digits:part-1 --holdout digits:holdout --out build/bundles
    """
    from training.experiment import run_experiment
    from training.parameters import read_parameters
    from training.provenance import find_provenance
    from training.settings import TrainingSettings

    parameters = read_parameters(params).numbered(model_version, experiment_id)
    specifications = [*data, *(more_data or [])]
    parts = [load_rows(specification) for specification in specifications]
    inputs = [path for path in map(Path, (*specifications, holdout, params or "")) if path.is_file()]
    finished = run_experiment(
        parts,
        load_rows(holdout),
        parameters,
        find_provenance(Path.cwd(), inputs, TrainingSettings().source_date_epoch),
        out,
        say,
    )
    bundle = finished.bundle
    if json:
        print_json(
            {
                "bundle": str(bundle.path),
                "digest": bundle.digest,
                "metrics": {"rows": finished.metrics.rows, **finished.metrics.summary()},
            }
        )
        return
    print_lines(
        [
            f"bundle   {bundle.path}",
            f"digest   {bundle.digest}",
            f"{finished.metrics.headline} on {finished.metrics.rows} holdout rows",
            f"next     assay serve --bundle {bundle.path}",
        ]
    )
