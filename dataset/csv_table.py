"""Labelled rows from a CSV file, plain or gzipped: a header, then one row a line.

The label is the column named `label`, or the first one. A column in which no row has a number holds categories; in
every other one each row has a finite number. Fashion-MNIST's usual form (`label,pixel1,...,pixel784`) needs nothing
else.
"""

import csv
import gzip
import io
import math
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TextIO, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from dataset.errors import DatasetError, DatasetMalformed, DatasetNotFound
from dataset.labelled_rows import LabelledRows
from dataset.shown import named, quoted

LABEL_COLUMN = "label"

_NumberedLines: TypeAlias = Iterator[tuple[int, list[str]]]


def read_csv_table(path: Path) -> LabelledRows:
    """Read `path` (`.csv`, or gzipped when it ends in `.gz`).

    Raises DatasetNotFound, and DatasetMalformed with file, line and column.
    """
    if not os.path.isfile(path):  # pathlib's raises for a path that is too long or stands in a closed directory
        raise DatasetNotFound(f"{path}: no such file; expected a CSV with a header and a label column")
    try:
        return _read_text(path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DatasetMalformed(f"{path}: not a whole gzip file: {error}") from error
    except OSError as error:
        raise DatasetNotFound(f"{path}: cannot be read: {error.strerror or error}") from error


def write_csv_table(rows: LabelledRows, path: Path) -> None:
    """Write `rows` in the form that read_csv_table reads, label first; the digest survives the round trip.

    Raises DatasetError when `path` cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as text:
            lines = csv.writer(text, lineterminator="\n")
            lines.writerow((rows.output_feature, *rows.feature_names))
            columns = [
                rows.texts(name) if name in rows.categories else [_shortest(number) for number in numbers]
                for name, numbers in zip(rows.feature_names, rows.features.T.tolist(), strict=True)
            ]
            lines.writerows(zip(rows.labels, *columns, strict=True))
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written: {error.strerror}") from error


def _shortest(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _read_text(path: Path) -> LabelledRows:
    try:
        with _open(path) as content:
            return _read_table(path, io.TextIOWrapper(content, encoding="utf-8-sig", newline=""))
    except UnicodeDecodeError as error:
        raise DatasetMalformed(f"{path}, line {_line_that_is_not_utf8(path)}: not UTF-8 text") from error


def _line_that_is_not_utf8(path: Path) -> int:
    """Found by a second reading: text is decoded in blocks, whose errors know nothing of lines."""
    with _open(path) as lines:
        return next(
            line for line, content in enumerate(lines, start=1) if content.decode(errors="ignore").encode() != content
        )


def _read_table(path: Path, text: TextIO) -> LabelledRows:
    reader = csv.reader(text, strict=True)
    lines = ((reader.line_num, cells) for cells in reader)
    try:
        header = _read_header(path, lines)
        label_at = header.index(LABEL_COLUMN) if LABEL_COLUMN in header else 0
        labels, rows, categories = _read_rows(path, header, label_at, lines)
    except csv.Error as error:
        raise DatasetMalformed(f"{path}, line {reader.line_num}: not a CSV table: {error}") from error
    if not rows:
        raise DatasetMalformed(f"{path}: a header, but no rows")
    read = LabelledRows(
        name=path.name,
        features=np.stack(rows),
        labels=tuple(labels),
        feature_names=tuple(_without(header, label_at)),
        output_feature=header[label_at],
        categories={name: tuple(found) for name, found in categories.items()},
    )
    return read.recoded({name: tuple(sorted(found)) for name, found in categories.items()})


def _read_header(path: Path, lines: _NumberedLines) -> list[str]:
    header = [name.strip() for name in next(lines, (1, []))[1]]
    if not header:
        raise DatasetMalformed(f"{path}: empty; expected a header line such as label,pixel1,pixel2")
    if all(is_number(name) for name in header):
        raise DatasetMalformed(f"{path}, line 1: numbers; expected a header line such as label,pixel1,pixel2")
    if len(header) < 2:
        raise DatasetMalformed(
            f"{path}, line 1: one column {quoted(header[0])}; expected a label and at least one feature"
        )
    known: set[str] = set()
    for place, name in enumerate(header, start=1):
        if not name:
            raise DatasetMalformed(f"{path}, line 1: column {place} has no name")
        if name in known:
            raise DatasetMalformed(f"{path}, line 1: two columns are named {quoted(name)}")
        known.add(name)
    return header


def _read_rows(
    path: Path, header: list[str], label_at: int, lines: _NumberedLines
) -> tuple[list[str], list[NDArray[np.float64]], dict[str, dict[str, int]]]:
    """Labels, features, and by each column of categories their indices, as they came."""
    labels: list[str] = []
    rows: list[NDArray[np.float64]] = []
    names, categories = _without(header, label_at), _Categories()
    for line, cells in lines:
        if not cells:
            continue
        if len(cells) != len(header):
            raise DatasetMalformed(f"{path}, line {line}: {len(cells)} columns, but the header names {len(header)}")
        label = cells[label_at].strip()
        if not label:
            raise DatasetMalformed(f"{path}, line {line}, column {named(header[label_at])}: no label")
        values = _without(cells, label_at)
        if not rows:
            categories.begin(line, values)
        labels.append(label)
        rows.append(_read_numbers(path, line, names, categories.count(path, names, values)))
    return labels, rows, {names[place]: indices for place, indices in categories.found.items()}


class _Categories:
    """The columns whose first row has no number. That none of the others has one is held against them."""

    def __init__(self) -> None:
        self.found: dict[int, dict[str, int]] = {}
        self._first_line, self._first_cells = 0, list[str]()

    def begin(self, line: int, cells: list[str]) -> None:
        """Look at the first row."""
        self._first_line, self._first_cells = line, cells
        self.found = {place: {} for place, cell in enumerate(cells) if cell.strip() and not is_number(cell)}

    def count(self, path: Path, names: list[str], cells: list[str]) -> list[str]:
        """The cells of a row, with an index in the place of each category. Raises DatasetMalformed for a number."""
        if not self.found:
            return cells
        counted = list(cells)
        for place, indices in self.found.items():
            if is_number(cells[place]):
                found = quoted(self._first_cells[place])
                where = f"{path}, line {self._first_line}, column {named(names[place])}"
                raise DatasetMalformed(f"{where}: {found} is not a finite number, as others of the column are")
            counted[place] = str(indices.setdefault(cells[place].strip(), len(indices)))
        return counted


def _read_numbers(path: Path, line: int, names: list[str], cells: list[str]) -> NDArray[np.float64]:
    try:
        numbers = np.array(cells, dtype=np.float64)
    except ValueError:
        numbers = np.array([float(cell) if is_number(cell) else math.nan for cell in cells])
    if not np.isfinite(numbers).all():
        place = int(np.flatnonzero(~np.isfinite(numbers))[0])
        where = f"{path}, line {line}, column {named(names[place])}"
        raise DatasetMalformed(f"{where}: {quoted(cells[place])} is not a finite number")
    return numbers


def is_number(cell: str) -> bool:
    """Whether `cell` says a number, finite or not."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _without(cells: list[str], place: int) -> list[str]:
    return cells[:place] + cells[place + 1 :]
