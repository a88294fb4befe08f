"""Rows of raw feature values from CSV, as they stand in the training data.

Without a header, a line holds the features alone, in the order of /metadata's `features`. With one, columns are found
by their names, in any order, and the column of the output feature is passed over: a file that a model was trained on
can be sent as it is. The first line is a header when one of its words is a column's name, when it is the very list of
features (whose names may be numbers), or when none of its fields is a number, though the model takes no categories.
Empty lines are passed over; fields may be quoted, UTF-8 may start with a byte order mark, lines may end in any way.
"""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from open_inference import Tensor
from open_inference.datatypes import DATATYPES
from open_inference.json_object import quote
from predictor.errors import RequestRefused
from predictor.table import Column, Table

_Line = tuple[int, list[str]]


def read_csv_rows(body: bytes, *, table: Table, output_feature: str | None, skipped: int = 0) -> tuple[Tensor, ...]:
    """The inputs of `table` for the rows. Raises RequestRefused, whose text names the line and the column.

    `skipped` lines of a file are not in the body, which has some of its rows: they count where a line is named.
    """
    lines = list(_lines(body, skipped))
    if not lines:
        raise RequestRefused("the body has no line; expected CSV, a line for each row")
    positions: Sequence[int] = range(len(table.columns))
    width = len(table.columns)
    if is_header(lines[0][1], table, output_feature):
        header = [name.strip() for name in lines.pop(0)[1]]
        positions, width = _find_columns(header, table.names, output_feature), len(header)
    for number, fields in lines:
        if len(fields) != width:
            raise RequestRefused(f"line {number} has {len(fields)} fields; expected {width}")
    return table.tensors(
        [
            _texts(lines, at) if column.is_category else _numbers(lines, at, column)
            for at, column in zip(positions, table.columns, strict=True)
        ]
    )


def _lines(body: bytes, skipped: int) -> Iterator[_Line]:
    try:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        yield from ((reader.line_num + skipped, fields) for fields in reader if any(field.strip() for field in fields))
    except UnicodeDecodeError as error:
        raise RequestRefused(f"the body is not UTF-8 at byte {error.start}; expected CSV in UTF-8") from error
    except csv.Error as error:
        raise RequestRefused(f"line {reader.line_num + skipped} is not CSV: {error}") from error


def is_header(fields: list[str], table: Table, output_feature: str | None) -> bool:
    """Whether these are names and no values."""
    names = [field.strip() for field in fields]
    words = {name for name in names if _number(name) is None}
    has_numbers_alone = not any(column.is_category for column in table.columns)
    is_named = not words.isdisjoint({*table.names, output_feature})
    return names == list(table.names) or is_named or (has_numbers_alone and words == set(names))


def _find_columns(header: list[str], features: Sequence[str], output_feature: str | None) -> list[int]:
    positions = {name: index for index, name in enumerate(header)}
    if len(positions) != len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise RequestRefused(f"the header has the column {quote(twice)} twice; expected it once")
    missing = [name for name in features if name not in positions]
    if missing:
        raise RequestRefused(f"the header lacks the column {quote(missing[0])}; expected all {len(features)} features")
    unknown = positions.keys() - set(features) - {output_feature}
    if unknown:
        raise RequestRefused(f"the header has the unknown column {quote(min(unknown))}; expected the features' names")
    return [positions[name] for name in features]


def _texts(lines: Sequence[_Line], at: int) -> NDArray[Any]:
    texts = np.empty(len(lines), dtype=np.object_)
    texts[:] = [fields[at].strip().encode() for _, fields in lines]
    return texts


def _numbers(lines: Sequence[_Line], at: int, column: Column) -> NDArray[Any]:
    """The numbers in the column's dtype; what is too large for it becomes infinite, and the model's check names it."""
    numbers = []
    for line, fields in lines:
        number = _number(fields[at])
        if number is None or not math.isfinite(number):
            raise _misfit(line, fields[at], at, column, "a number")
        numbers.append(number)
    exact = np.array(numbers)
    dtype = DATATYPES[column.datatype]
    with np.errstate(over="ignore", invalid="ignore"):
        array = exact.astype(dtype)
    if dtype.kind != "f" and not (fits := array == exact).all():
        index = int(fits.argmin())
        line, fields = lines[index]
        raise _misfit(line, fields[at], at, column, f"a whole number within the range of {column.datatype}")
    return array


def _misfit(line: int, field: str, at: int, column: Column, expected: str) -> RequestRefused:
    return RequestRefused(f"line {line}, column {at + 1} ({column.name}) is {quote(field)}; expected {expected}")


def _number(field: str) -> float | None:
    """The number that a field holds; None for what only Python takes for one, such as `1_000`."""
    try:
        return float(field) if field.isascii() and "_" not in field else None
    except ValueError:
        return None
