"""The files of a finished experiment: to read, to compare, to draw, and to look at.

metrics.json      all metrics
answers.csv       each row of the holdout: its label, and what was answered
epochs.csv        where the estimator is trained in steps: its scores after each
calibration.csv   of a classifier: how sure it was, and how often right
plots/*.png       the same as pictures
tensorboard/      where the estimator is trained in steps: event files
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from training.experiment import FinishedExperiment
from training.holdout_answers import write_answers
from training.inference_model import HoldoutMetrics

METRICS_FILE = "metrics.json"
ANSWERS_FILE = "answers.csv"


def write_run_files(finished: FinishedExperiment, directory: Path) -> None:
    """Write all of them to `directory`, which is made. It needs the extra `pipeline`."""
    from training.plots import draw_plots  # noqa: PLC0415 - matplotlib comes with the extra
    from training.tensorboard_events import write_events  # noqa: PLC0415 - so does tensorboardX

    directory.mkdir(parents=True, exist_ok=True)
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    (directory / METRICS_FILE).write_bytes(orjson.dumps(asdict(finished.metrics), option=options))
    write_answers(finished.answers, directory / ANSWERS_FILE)
    plots = directory / "plots"
    draw_plots(finished, plots)
    if finished.epochs:
        columns = list(finished.epochs.values())
        lines = zip(range(1, len(columns[0]) + 1), *columns, strict=True)
        _write_table(plots / "epochs.csv", ("epoch", *finished.epochs), lines)
    if isinstance(finished.metrics, HoldoutMetrics):
        bins = finished.metrics.calibration
        _write_table(
            plots / "calibration.csv",
            ("confidence", "accuracy", "rows"),
            ((one.confidence, one.accuracy, one.rows) for one in bins),
        )
    write_events(finished, directory / "tensorboard")


def _write_table(path: Path, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(header)
        table.writerows(lines)
