"""The questions of queries/*.sql: each file one query that both databases understand, with what it means above it.

-- One sentence, which the list of queries shows.
--   limit=20    a parameter, its default, and what it is
SELECT … LIMIT :limit
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files

from sqlalchemy import text

from records.database import Database, explaining
from records.errors import QueryNotKnown

_PARAMETER = re.compile(r"--   (?P<name>[a-z_]+)=(?P<default>\S+) +(?P<meaning>.+)")
_FOLDER = files("records") / "queries"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a question leaves open; a whole number or a day, like its default."""

    name: str
    default: str
    meaning: str

    def read(self, given: str) -> int | str:
        """The value that `given` says. Raises QueryNotKnown."""
        is_number = self.default.isdecimal()
        try:
            return int(given) if is_number else date.fromisoformat(given).isoformat()
        except ValueError as error:
            kind = "a whole number" if is_number else "a day"
            raise QueryNotKnown(f"{self.name}={given}: expected {kind}, such as {self.default}") from error


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A question that can be asked."""

    name: str
    meaning: str
    parameters: tuple[Parameter, ...]
    sql: str


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """What the database said."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


def all_queries() -> list[NamedQuery]:
    """Every one, by name."""
    names = sorted(entry.name for entry in _FOLDER.iterdir() if entry.name.endswith(".sql"))
    return [_read(name.removesuffix(".sql")) for name in names]


def find_query(name: str) -> NamedQuery:
    """The query `name`. Raises QueryNotKnown, which names those that there are."""
    known = {query.name: query for query in all_queries()}
    if name not in known:
        raise QueryNotKnown(f"{name} is no query; expected {', '.join(known)}")
    return known[name]


def ask(database: Database, query: NamedQuery, given: Mapping[str, str]) -> QueryAnswer:
    """Ask `query`, with `given` in the place of its parameters' defaults. Changes nothing. Raises RecordsError."""
    known = {parameter.name: parameter for parameter in query.parameters}
    if unknown := sorted(given.keys() - known.keys()):
        raise QueryNotKnown(f"{query.name} has no parameter {unknown[0]}; expected {', '.join(known) or 'none'}")
    values = {name: parameter.read(given.get(name, parameter.default)) for name, parameter in known.items()}
    with explaining(database), database.connect() as connection:
        found = connection.execute(text(query.sql), values)
        rows = tuple(tuple(map(_plain, row)) for row in found)
        return QueryAnswer(tuple(found.keys()), rows)


def _read(name: str) -> NamedQuery:
    content = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    head, body = _split(content.splitlines())
    parameters = tuple(Parameter(**found.groupdict()) for found in map(_PARAMETER.fullmatch, head) if found)
    meaning = " ".join(line.removeprefix("-- ") for line in head if not _PARAMETER.fullmatch(line))
    return NamedQuery(name, meaning, parameters, "\n".join(body))


def _split(lines: list[str]) -> tuple[list[str], list[str]]:
    """The comment at the beginning, and the rest."""
    size = next(place for place, line in enumerate(lines) if not line.startswith("--"))
    return lines[:size], lines[size:]


def _plain(value: object) -> str | int | float | None:
    """A value that JSON and a person can read; moments and days as both databases write them."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def lines_of(answer: QueryAnswer) -> Iterator[str]:
    """The answer as a table for a person, numbers to the right."""
    cells = [answer.columns, *([_text(value) for value in row] for row in answer.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    is_number = [all(isinstance(row[place], int | float) for row in answer.rows) for place in range(len(widths))]
    for line in cells:
        placed = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        ]
        yield "  ".join(placed).rstrip()


def _text(value: str | float | None) -> str:
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
