"""A few rows of a data part, to look at: pictures where the columns are pixels, else the rows as they stand."""

import csv
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from console.errors import StateNotUsable
from console.page.seen_picture import row_as_seen
from dataset import LabelledRows
from training.image_form import image_form

MOST_ROWS = 30
_ROWS_LOOKED_AT = 600
_ROWS_IN_A_TABLE = 8
_COLUMNS_IN_A_TABLE = 8


@dataclass(frozen=True, slots=True)
class SamplePicture:
    """One row as a picture."""

    label: str
    address: str
    """Of a PNG, `data:…`."""


@dataclass(frozen=True, slots=True)
class SampleRows:
    """Rows from the beginning of a part, of each class a few."""

    pictures: tuple[SamplePicture, ...] = ()
    header: tuple[str, ...] = ()
    """Where there are no pictures: the columns, the label first."""
    rows: tuple[tuple[str, ...], ...] = ()
    columns_left_out: int = 0


def read_sample_rows(path: Path) -> SampleRows:
    """Of a part's CSV file, label first, as the console keeps it. Raises StateNotUsable."""
    try:
        with path.open(encoding="utf-8", newline="") as text:
            lines = csv.reader(text)
            header = next(lines)
            looked_at = list(islice(lines, _ROWS_LOOKED_AT))
    except (OSError, StopIteration, UnicodeDecodeError) as error:
        raise StateNotUsable(f"{path} cannot be read: {error}") from error
    chosen = _of_each_class(looked_at)
    return _as_pictures(header, chosen) or _as_table(header, looked_at)


def _of_each_class(lines: list[list[str]]) -> list[list[str]]:
    fairly = max(1, MOST_ROWS // max(1, len({line[0] for line in lines})))
    seen: Counter[str] = Counter()
    chosen = []
    for line in lines:
        seen[line[0]] += 1
        if seen[line[0]] <= fairly:
            chosen.append(line)
    return sorted(chosen, key=lambda line: (len(line[0]), line[0]))[:MOST_ROWS]


def _as_pictures(header: list[str], lines: list[list[str]]) -> SampleRows | None:
    try:
        features = np.array([line[1:] for line in lines], dtype=np.float64)
        rows = LabelledRows("sample", features, tuple(line[0] for line in lines), tuple(header[1:]))
    except ValueError:  # categories
        return None
    form = image_form(rows) if lines else None
    if form is None:
        return None
    return SampleRows(
        tuple(
            SamplePicture(label, row_as_seen(row, form))
            for label, row in zip(rows.labels, features.tolist(), strict=True)
        )
    )


def _as_table(header: list[str], lines: list[list[str]]) -> SampleRows:
    shown = slice(0, _COLUMNS_IN_A_TABLE)
    table = SampleRows(header=tuple(header[shown]), rows=tuple(tuple(line[shown]) for line in lines[:_ROWS_IN_A_TABLE]))
    return replace(table, columns_left_out=max(0, len(header) - _COLUMNS_IN_A_TABLE))
