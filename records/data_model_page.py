"""The picture and the tables of docs/data-model.md, made from the models: `make data-model-docs`.

python -m records.data_model_page docs/data-model.md            writes them into the page
python -m records.data_model_page docs/data-model.md --check    changes nothing; exit code 1 where it is not current
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, MetaData, String, Table

from records.models import Base
from records.models.base import UtcTime

BEGIN = "<!-- tables: made from records/models by `make data-model-docs` -->"
END = "<!-- /tables -->"
_TYPES = {
    Boolean: "boolean",
    Float: "number",
    Integer: "integer",
    JSON: "json",
    LargeBinary: "bytes",
    String: "text",
    UtcTime: "time",
}


def write_page(page: str, models: MetaData) -> str:
    """The page with all between its two marks made anew. Raises ValueError for a page without them."""
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"the page has no tables in it; expected the lines {BEGIN} and {END}")
    made = "\n".join(["", "```mermaid", *_diagram(models), "```", *_tables(models), ""])
    return f"{before}{BEGIN}{made}{END}{after}"


def _diagram(models: MetaData) -> Iterator[str]:
    """Mermaid's picture of which table refers to which, with the columns of each."""
    yield "erDiagram"
    for table in _in_order(models):
        for column in table.columns:
            for key in column.foreign_keys:
                one = "|o" if column.nullable else "||"
                yield f"    {key.column.table.name} {one}--o{{ {table.name} : {column.name}"
    for table in _in_order(models):
        yield f"    {table.name} {{"
        for column in table.columns:
            keys = [*(["PK"] if column.primary_key else []), *(["FK"] if column.foreign_keys else [])]
            yield f"        {_type(column)} {column.name} {', '.join(keys)}".rstrip()
        yield "    }"


def _tables(models: MetaData) -> Iterator[str]:
    """A table of Markdown for each table, a row for each column."""
    for table in _in_order(models):
        yield from ("", f"### {table.name}", f"{_sentence(table.comment)}", "")
        yield from ("| column | type | meaning |", "|---|---|---|")
        for column in table.columns:
            kind = f"{_type(column)}, or none" if column.nullable else _type(column)
            yield f"| `{column.name}` | {kind} | {_meaning(column)} |"


def _in_order(models: MetaData) -> list[Table]:
    return sorted(models.tables.values(), key=lambda table: table.name)


def _type(column: Column[object]) -> str:
    return next(name for kind, name in _TYPES.items() if isinstance(column.type, kind))


def _meaning(column: Column[object]) -> str:
    parts = [f"key of {key.column.table.name}" for key in column.foreign_keys]
    return "; ".join([*parts, *([column.comment] if column.comment else [])])


def _sentence(text: str | None) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


def main() -> int:
    """Write the page, or say whether it is current."""
    parser = argparse.ArgumentParser(prog="python -m records.data_model_page")
    parser.add_argument("page", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    found = given.page.read_text(encoding="utf-8")
    made = write_page(found, Base.metadata)
    if given.check and made != found:
        print(f"{given.page} is not what the models say; next: make data-model-docs", file=sys.stderr)
        return 1
    if made != found:
        given.page.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
