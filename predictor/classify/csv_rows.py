"""Rows of raw feature values from CSV, as they stand in the training data.

Without a header, a line holds the features alone, in the order of /metadata's `features`. With one, columns are found
by their names, in any order, and the column of the output feature is passed over: a file that a model was trained on
can be sent as it is. The first line is a header when none of its fields is a number, when one of its words is a
column's name, or when it is the very list of features (whose names may be numbers). Empty lines are passed over;
fields may be quoted, UTF-8 may start with a byte order mark, lines may end in any way.
"""

import csv
import io
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from open_inference.json_object import quote
from predictor.errors import RequestRefused

_Line = tuple[int, list[str]]


def read_csv_rows(
    body: bytes, *, features: Sequence[str], output_feature: str | None, skipped: int = 0
) -> NDArray[np.float64]:
    """The rows, (rows, features). Raises RequestRefused, whose text names the line and the column.

    `skipped` lines of a file are not in the body, which has some of its rows: they count where a line is named.
    """
    lines = list(_lines(body, skipped))
    if not lines:
        raise RequestRefused("the body has no line; expected CSV, a line for each row")
    columns: Sequence[int] = range(len(features))
    width = len(features)
    if is_header(lines[0][1], features, output_feature):
        header = [name.strip() for name in lines.pop(0)[1]]
        columns, width = _find_columns(header, features, output_feature), len(header)
    rows = np.empty((len(lines), len(features)))
    for index, (number, fields) in enumerate(lines):
        if len(fields) != width:
            raise RequestRefused(f"line {number} has {len(fields)} fields; expected {width}")
        rows[index] = _numbers(number, fields, columns, features)
    return rows


def _lines(body: bytes, skipped: int) -> Iterator[_Line]:
    try:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        yield from ((reader.line_num + skipped, fields) for fields in reader if any(field.strip() for field in fields))
    except UnicodeDecodeError as error:
        raise RequestRefused(f"the body is not UTF-8 at byte {error.start}; expected CSV in UTF-8") from error
    except csv.Error as error:
        raise RequestRefused(f"line {reader.line_num + skipped} is not CSV: {error}") from error


def is_header(fields: list[str], features: Sequence[str], output_feature: str | None) -> bool:
    """Whether these are names and no values."""
    names = [field.strip() for field in fields]
    words = {name for name in names if _number(name) is None}
    return names == list(features) or words == set(names) or not words.isdisjoint({*features, output_feature})


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


def _numbers(number: int, fields: list[str], columns: Sequence[int], features: Sequence[str]) -> list[float]:
    values = [_number(fields[column]) for column in columns]
    for value, column, name in zip(values, columns, features, strict=True):
        if value is None or not math.isfinite(value):
            found = quote(fields[column])
            raise RequestRefused(f"line {number}, column {column + 1} ({name}) is {found}; expected a number")
    return [value for value in values if value is not None]


def _number(field: str) -> float | None:
    """The number that a field holds; None for what only Python takes for one, such as `1_000`."""
    try:
        return float(field) if field.isascii() and "_" not in field else None
    except ValueError:
        return None
