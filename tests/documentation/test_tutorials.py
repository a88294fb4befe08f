"""The commands of docs/tutorials and docs/operations.md, run as they stand, print what the pages show."""

import os
from pathlib import Path

import psycopg
import pytest

from documentation.source import ROOT
from tests.documentation.tutorial import PATIENCE_SECONDS, Step, read_steps, run_page
from tests.records.postgres_server import PostgresServer

FASHION_MNIST = "FASHION_MNIST_DIR"
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_SECONDS + 60)
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_tutorial_does_what_it_shows(page: Path, tmp_path: Path) -> None:
    if FASHION_MNIST in page.read_text(encoding="utf-8") and not os.environ.get(FASHION_MNIST):
        pytest.skip(f"{FASHION_MNIST} does not name the folder of the Fashion-MNIST subset")
    run_page(page, tmp_path)


@pytest.mark.slow
def test_a_backup_is_taken_and_brought_back_as_the_page_says(tmp_path: Path, postgres: PostgresServer) -> None:
    owner = {"PGUSER": "owner_of_records", "PGPASSWORD": "owner"}
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE owner_of_records SUPERUSER LOGIN PASSWORD 'owner'")
        connection.execute("CREATE DATABASE records OWNER owner_of_records")
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port)}
    url = postgres.url("records", owner["PGUSER"], owner["PGPASSWORD"])
    run_page(ROOT / "docs" / "operations.md", tmp_path, {**owner, **place, "ASSAY_DATABASE_URL": url})


def test_what_a_page_shows_is_what_stands_right_behind_a_block_of_commands() -> None:
    page = "Text\n```sh\na\nb\n```\n```\nshown\n```\nText\n\n```sh\nc\n```\n\n```yaml\nno: output\n```\n"
    assert read_steps(page) == [Step("a\nb\n", ("shown",)), Step("c\n", ())]


@pytest.mark.parametrize(
    ("shown", "fails"), [("1 row", False), ("…\n3 rows", False), ("3 rows\n1 row", True), ("none", True)]
)
def test_a_page_that_shows_something_else_fails(tmp_path: Path, shown: str, fails: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```sh\necho 7 row; echo 9 rows\n```\n```\n{shown}\n```\n```sh\ntrue\n```\n```sh\ntrue\n```\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    if not fails:
        run_page(page, folder)
        return
    with pytest.raises(AssertionError, match="is not in"):
        run_page(page, folder)


def test_a_command_that_fails_ends_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\ntrue\n```\n```sh\necho why; false\ntrue\n```\n```sh\ntrue\n```\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(AssertionError, match="why"):
        run_page(page, folder)
