"""Labelled rows: where they come from, and the digest that pins them.

Training learns from them and the gate replays them, and both must mean the same rows: hence a room of its own, a leaf
that imports nothing of ours. Built-in data sets are handed in by the program, so that this room needs no scikit-learn.
"""

from dataset.csv_table import read_csv_table, write_csv_table
from dataset.errors import DatasetError, DatasetMalformed, DatasetNotFound, DatasetTooLarge, ReaderMissing
from dataset.labelled_rows import LabelledRows, concatenate, require_columns, shared_rows
from dataset.specification import HOLDOUT_PART, BuiltinDatasets, load_dataset, load_parts
from dataset.table_file import read_parquet_table, read_table
from dataset.table_memory import table_memory

__all__ = [
    "HOLDOUT_PART",
    "BuiltinDatasets",
    "DatasetError",
    "DatasetMalformed",
    "DatasetNotFound",
    "DatasetTooLarge",
    "LabelledRows",
    "ReaderMissing",
    "concatenate",
    "load_dataset",
    "load_parts",
    "read_csv_table",
    "read_parquet_table",
    "read_table",
    "require_columns",
    "shared_rows",
    "table_memory",
    "write_csv_table",
]
