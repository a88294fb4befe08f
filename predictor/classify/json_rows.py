"""Rows of raw feature values from JSON: `{"row": ...}`, `{"rows": [...]}`, or either without its name.

A row is a list, in the order of /metadata's `features`, or an object by their names, in which the output feature may
stand, too: it is passed over.
"""

from collections.abc import Sequence
from typing import Any

from open_inference import Tensor
from open_inference.json_data import decode_data
from open_inference.json_object import describe, parse_json, quote
from predictor.errors import RequestRefused
from predictor.table import Table

_EXPECTED = 'expected {"row": [...]}, {"rows": [[...], ...]} or a list'


def read_json_rows(body: bytes, *, table: Table, output_feature: str | None) -> tuple[tuple[Tensor, ...], bool]:
    """The inputs of `table` for the rows, and whether it was one row that was asked for.

    Raises RequestRefused or ProtocolError; their text names the row and the position.
    """
    name, values = _find_values(parse_json(body), table)
    if name == "row":
        row = _order(values, table, output_feature, "row") if isinstance(values, dict) else values
        if table.matrix is not None:
            return (_decode_matrix(row, table, (len(table.columns),), "row"),), True
        return _decode_columns([row], table, "row"), True
    if not isinstance(values, list):
        raise RequestRefused(f"rows is {describe(values)}; expected a list of rows")
    if values and not isinstance(values[0], list | dict):
        raise RequestRefused(f"rows[0] is {describe(values[0])}; expected {_row(table)}")
    if any(isinstance(row, dict) for row in values):
        places = (f"rows[{index}]" for index in range(len(values)))
        values = [_order(row, table, output_feature, place) for row, place in zip(values, places, strict=True)]
    if table.matrix is not None:
        return (_decode_matrix(values, table, (len(values), len(table.columns)), "rows"),), False
    return _decode_columns(values, table, "rows"), False


def _find_values(content: object, table: Table) -> tuple[str, object]:
    match content:
        case [list() | dict(), *_]:
            return "rows", content
        case list():
            return "row", content
        case dict() if len(content) == 1 and content.keys() <= {"row", "rows"}:
            return next(iter(content.items()))
        case dict() if not content.keys().isdisjoint(table.names):
            return "row", content
        case dict():
            fields = ", ".join(map(quote, sorted(content)[:4])) or "none"
            raise RequestRefused(f"the body's fields are {fields}; {_EXPECTED}")
        case _:
            raise RequestRefused(f"the body is {describe(content)}; {_EXPECTED}")


def _order(row: object, table: Table, output_feature: str | None, place: str) -> object:
    """The values of a row that is an object, in the features' order; any other row as it is."""
    if not isinstance(row, dict):
        return row
    missing = [name for name in table.names if name not in row]
    if missing:
        raise RequestRefused(f"{place} lacks the feature {quote(missing[0])}; expected all {len(table.columns)}")
    unknown = row.keys() - set(table.names) - {output_feature}
    if unknown:
        raise RequestRefused(f"{place} has the unknown feature {quote(min(unknown))}; expected the features' names")
    return [row[name] for name in table.names]


def _decode_matrix(values: object, table: Table, shape: tuple[int, ...], place: str) -> Tensor:
    data = decode_data(values, table.columns[0].datatype, shape, place)
    return Tensor.of(str(table.matrix), data.reshape(-1, len(table.columns)))


def _decode_columns(rows: Sequence[Any], table: Table, place: str) -> tuple[Tensor, ...]:
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(table.columns):
            found = f"has {len(row)} values" if isinstance(row, list) else f"is {describe(row)}"
            where = place if place == "row" else f"rows[{index}]"
            raise RequestRefused(f"{where} {found}; expected {_row(table)}")
    return table.tensors(
        [
            decode_data(
                [row[at] for row in rows], column.datatype, (len(rows),), f"{place}, feature {quote(column.name)}"
            )
            for at, column in enumerate(table.columns)
        ]
    )


def _row(table: Table) -> str:
    count = len(table.columns)
    return f"a list of {count} numbers" if table.matrix is not None else f"a list of {count}, or an object by feature"
