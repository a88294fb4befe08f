"""Labelled rows: where they come from, and the digest that pins them.

Training learns from them and the gate replays them, and both must mean the same rows: hence a room of its own, a leaf
that imports nothing of ours. Built-in data sets are handed in by the program, so that this room needs no scikit-learn.
"""

from dataset.csv_table import read_csv_table, write_csv_table
from dataset.errors import DatasetError, DatasetMalformed, DatasetNotFound
from dataset.labelled_rows import LabelledRows, concatenate, require_columns, shared_rows
from dataset.specification import HOLDOUT_PART, BuiltinDatasets, load_dataset, load_parts

__all__ = [
    "HOLDOUT_PART",
    "BuiltinDatasets",
    "DatasetError",
    "DatasetMalformed",
    "DatasetNotFound",
    "LabelledRows",
    "concatenate",
    "load_dataset",
    "load_parts",
    "read_csv_table",
    "require_columns",
    "shared_rows",
    "write_csv_table",
]
