"""The demo's data: digits, or a folder with train-1, train-2 and test files; and two data sets made from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assay.demo.errors import DemoFailed
from assay.labelled_data import load_rows
from dataset import LabelledRows, concatenate, write_csv_table

WRONG_SHARE = 0.4
SHORT_HOLDOUT_ROWS = 40


@dataclass(frozen=True, slots=True)
class DemoData:
    """Specifications, as every command takes them."""

    part_1: str
    part_2: str
    holdout: str


def find_demo_data(folder: Path | None) -> DemoData:
    """The built-in digits, or the files of `folder`; DemoFailed names what is missing there."""
    if folder is None:
        return DemoData("digits:part-1", "digits:part-2", "digits:holdout")
    return DemoData(*(str(_find_table(folder, ending)) for ending in ("train-1", "train-2", "test")))


def write_wrong_labels(training: Sequence[str], path: Path) -> str:
    """Write the training rows with 40 % of their labels moved on by one class; what is said of them for people."""
    rows = concatenate([load_rows(specification) for specification in training])
    classes = rows.classes
    wrong = np.random.default_rng(0).permutation(len(rows))[: int(WRONG_SHARE * len(rows))]
    labels = list(rows.labels)
    for index in wrong:
        labels[index] = classes[(classes.index(labels[index]) + 1) % len(classes)]
    write_csv_table(_relabelled(rows, labels), path)
    return f"{len(wrong)} of {len(rows)} labels are wrong"


def write_short_holdout(holdout: str, path: Path) -> None:
    """Write the first 40 rows of the holdout."""
    write_csv_table(load_rows(holdout).first(SHORT_HOLDOUT_ROWS), path)


def _relabelled(rows: LabelledRows, labels: Sequence[str]) -> LabelledRows:
    return LabelledRows(rows.name, rows.features, tuple(labels), rows.feature_names, rows.output_feature)


def _find_table(folder: Path, ending: str) -> Path:
    found = sorted(path for kind in ("csv", "csv.gz", "parquet") for path in folder.glob(f"*{ending}.{kind}"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DemoFailed(f"{folder}: expected one file named *{ending}.csv, .csv.gz or .parquet, found {names}")
    return found[0]
