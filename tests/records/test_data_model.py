"""The page of the data model is current, and its example rows are rows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, select

from records.data_model_page import write_page
from records.database import Database
from records.example_rows import load_rows, read_rows, write_rows
from records.models import Base
from records.named_queries import all_queries, ask, find_query
from records.roles import ROLES, role_name
from records.settings import known_variables

DOCS = Path(__file__).parents[2] / "docs"
PAGE, EXAMPLES = DOCS / "data-model.md", DOCS / "data-model"


def check(page: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "records.data_model_page", str(page), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_picture_and_the_tables_are_those_of_the_models() -> None:
    done = check(PAGE)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_page_that_is_not_current_is_found_and_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text().replace("| `seconds` |", "| `minutes` |"))
    before = page.read_bytes()
    done = check(page)
    assert (done.returncode, page.read_bytes()) == (1, before)
    assert "is not what the models say; next: make data-model-docs" in done.stderr


def test_a_column_that_is_new_is_in_the_picture_and_in_the_table() -> None:
    changed = MetaData()
    for table in Base.metadata.sorted_tables:
        table.to_metadata(changed)
    changed.tables["deployments"].append_column(Column("asked_by", String, comment="who it was"))
    page = write_page(PAGE.read_text(), changed)
    assert "        text asked_by\n" in page
    assert "| `asked_by` | text, or none | who it was |" in page


def test_every_role_query_variable_and_command_is_on_the_page() -> None:
    page = PAGE.read_text()
    described = {*(role_name(role) for role in ROLES), *(query.name for query in all_queries())}
    assert {name for name in described if f"| `{name}` |" not in page} == set()
    passwords = {name for name in known_variables() if "PASSWORD" in name and "FILE" not in name}
    assert {name for name in passwords | {"ASSAY_DATABASE_URL", "ASSAY_DATABASE_URL_FILE"} if name not in page} == set()
    commands = re.findall(r"^\| `assay db ([a-z-]+)", page, re.MULTILINE)
    assert commands == ["create", "secrets", "upgrade", "load-dataset", "load-rollouts", "query", "prune"]


@pytest.fixture
def filled(database: Database) -> Database:
    load_rows(EXAMPLES, database)
    return database


def test_the_example_rows_are_rows_of_every_table(filled: Database) -> None:
    for table in Base.metadata.sorted_tables:
        with filled.connect() as connection:
            found = connection.execute(select(table).order_by(*table.primary_key)).mappings().all()
        assert [dict(row) for row in found] == read_rows(EXAMPLES, table) != [], table.name


def test_rows_are_written_the_way_they_are_read(filled: Database, tmp_path: Path) -> None:
    write_rows(filled, tmp_path / "rows", rows=100)
    written = {file.name: file.read_text() for file in (tmp_path / "rows").iterdir()}
    assert written == {file.name: file.read_text() for file in EXAMPLES.iterdir()}


def test_the_example_rows_answer_the_questions(filled: Database) -> None:
    (row, *_) = ask(filled, find_query("daily-accuracy"), {}).rows
    assert row[1:4] == ("demo", "v1", 5)
