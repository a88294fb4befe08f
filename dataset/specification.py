"""How a person names a data set: a built-in (`digits`), a part of one (`digits:part-1`), or the path of a file."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from dataset.errors import DatasetNotFound
from dataset.labelled_rows import LabelledRows, concatenate
from dataset.table_file import read_table

HOLDOUT_PART = "holdout"

BuiltinDatasets = Mapping[str, Callable[[], Mapping[str, LabelledRows]]]
"""By name, what loads a built-in data set: its parts by name, one of them the holdout."""


def load_dataset(specification: str, builtins: BuiltinDatasets) -> LabelledRows:
    """The data set that `specification` names.

    A built-in's bare name means all its parts but the holdout. Raises DatasetNotFound, DatasetMalformed.
    """
    parts = load_parts(specification, builtins)
    if len(parts) == 1:
        return next(iter(parts.values()))
    return concatenate([rows for part_name, rows in parts.items() if part_name != HOLDOUT_PART])


def load_parts(specification: str, builtins: BuiltinDatasets) -> Mapping[str, LabelledRows]:
    """The parts that `specification` names, by name: a built-in's bare name means all of them, with the holdout.

    A file is one part, of the file's name. Raises DatasetNotFound, DatasetMalformed.
    """
    name, _, part = specification.partition(":")
    if name in builtins:
        parts = builtins[name]()
        if part and part not in parts:
            raise DatasetNotFound(f"{specification}: {name} has no part {part!r}; expected {_either(parts)}")
        return {part: parts[part]} if part else parts
    if not os.path.exists(specification):  # pathlib's raises for a path that is too long or in a closed directory
        raise DatasetNotFound(f"{specification}: no such file, nor a built-in data set; built in: {_either(builtins)}")
    if os.path.isdir(specification):
        raise DatasetNotFound(f"{specification}: a directory; expected a file (.csv, .csv.gz or .parquet)")
    path = Path(specification)
    return {path.name: read_table(path)}


def _either(names: Mapping[str, object]) -> str:
    return ", ".join(sorted(names)) or "none"
