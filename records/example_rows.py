"""Rows of the tables as files of CSV, one a table, and from there into a database again.

    python -m records.example_rows DIR --rows 5     the first rows of each table of the database that is set

A file's header names the columns. Bytes are hexadecimal digits, times are in UTC, JSON is JSON, and nothing is
NULL, or the empty text in a column without NULL.
"""

import argparse
import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, Table, insert, select

from records.database import Database, explaining, open_database
from records.models import Base
from records.models.base import UtcTime
from records.settings import DatabaseSettings

_READ: dict[type, Callable[[str], Any]] = {
    Boolean: lambda text: text == "true",
    Float: float,
    Integer: int,
    JSON: orjson.loads,
    LargeBinary: bytes.fromhex,
    UtcTime: lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
}


def write_rows(database: Database, folder: Path, *, rows: int) -> None:
    """Write the first `rows` rows of each table into `folder`. Raises RecordsError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with explaining(database), database.connect() as connection:
        for table in Base.metadata.sorted_tables:
            found = connection.execute(select(table).order_by(*table.primary_key).limit(rows))
            with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
                lines = csv.writer(file, lineterminator="\n")
                lines.writerow(found.keys())
                lines.writerows([_write(value) for value in row] for row in found)


def read_rows(folder: Path, table: Table) -> list[dict[str, Any]]:
    """The rows of `table` that `folder` has. Raises OSError, ValueError for what is none, KeyError for no column."""
    with (folder / f"{table.name}.csv").open(encoding="utf-8", newline="") as file:
        return [{name: _read(table.columns[name], text) for name, text in row.items()} for row in csv.DictReader(file)]


def load_rows(folder: Path, database: Database) -> None:
    """Insert all rows that `folder` has into the database's tables, which are empty. Raises like `read_rows`."""
    with explaining(database), database.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if rows := read_rows(folder, table):
                connection.execute(insert(table), rows)


def _write(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return "" if value is None else str(value)


def _read(column: Column[Any], text: str) -> Any:
    if not text and (column.nullable or not isinstance(column.type, LargeBinary)):
        return None if column.nullable else ""
    return next((read(text) for kind, read in _READ.items() if isinstance(column.type, kind)), text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m records.example_rows")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=5)
    given = parser.parse_args()
    write_rows(open_database(DatabaseSettings.read().database_url()), given.folder, rows=given.rows)
