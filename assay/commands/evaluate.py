"""`assay evaluate`: a bundle's answers to a holdout, scored."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.labelled_data import load_rows
from assay.output import print_json, print_lines
from bundle import read_bundle


def evaluate(
    bundle: Annotated[Path, typer.Option(metavar="DIR", help="The bundle.")],
    holdout: Annotated[
        str, typer.Option(metavar="SPEC", help="Labelled rows: digits:holdout, or a .csv, .csv.gz or .parquet.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Score a bundle on labelled rows: accuracy, macro F1, each class, the confusion matrix; a regression's errors.

    Example: assay evaluate --bundle build/bundles/DIGEST --holdout digits:holdout
    """
    from training.holdout_answers import answer_holdout
    from training.inference_model import RegressionMetrics, inference_model

    read = read_bundle(bundle)
    rows = load_rows(holdout)
    metrics = inference_model(answer_holdout(read.model_bytes, read.manifest, rows))
    if json:
        print_json({"bundle": str(bundle), "digest": read.digest, "holdout": rows.digest, **asdict(metrics)})
        return
    if isinstance(metrics, RegressionMetrics):
        print_lines([f"{metrics.text} on {metrics.rows} rows of {rows.name}"])
        return
    width = max(len("class"), *(len(name) for name in read.manifest.classes))
    print_lines(
        [
            f"{metrics.text} on {metrics.rows} rows of {rows.name}",
            f"{'class':>{width}}  rows  precision  recall      F1",
            *(
                f"{row.name:>{width}}  {row.rows:4}  {row.precision:9.4f}  {row.recall:6.4f}  {row.f1:6.4f}"
                for row in metrics.classes
            ),
        ]
    )
