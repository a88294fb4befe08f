"""The files of a finished experiment: metrics to read, to compare and to draw."""

from dataclasses import asdict
from pathlib import Path

import orjson

from training.experiment import FinishedExperiment

METRICS_FILE = "metrics.json"


def write_run_files(finished: FinishedExperiment, directory: Path) -> None:
    """Write all of them below `directory`, which is there."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    (directory / METRICS_FILE).write_bytes(orjson.dumps(asdict(finished.metrics), option=options))
