"""Labelled rows from a file, whose form its name says: .parquet, .csv, .csv.gz."""

import os
from pathlib import Path

from dataset.csv_table import read_csv_table
from dataset.errors import DatasetNotFound, ReaderMissing
from dataset.labelled_rows import LabelledRows

LARGEST_BYTES = 16 * 2**30


def read_table(path: Path) -> LabelledRows:
    """The rows. Raises DatasetError, which names file, place and what was expected."""
    return read_parquet_table(path) if path.suffix == ".parquet" else read_csv_table(path)


def read_parquet_table(path: Path, memory_limit_bytes: int = LARGEST_BYTES) -> LabelledRows:
    """Read a Parquet file; the label is the column named `label`, or the first one.

    Raises DatasetNotFound; ReaderMissing without pyarrow, which is loaded here; DatasetTooLarge before it takes more
    than `memory_limit_bytes`, which are counted as a CSV table's are; DatasetMalformed with row and column.
    """
    if not os.path.isfile(path):
        raise DatasetNotFound(f"{path}: no such file; expected a Parquet file with a label column")
    try:
        from dataset.parquet_table import read_parquet  # noqa: PLC0415 - pyarrow takes half a second to load
    except ModuleNotFoundError as error:
        raise ReaderMissing(
            f"{path}: to read Parquet needs {error.name}, which is not installed here: pip install 'assay[parquet]'"
        ) from error
    return read_parquet(path, memory_limit_bytes)
