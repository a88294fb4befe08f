"""`assay db upgrade` on a database of an earlier version, with what people have in it."""

import os
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, select

from records.database import Database, is_postgresql, open_database
from records.example_rows import read_rows
from records.migrations import is_ours
from records.models import Base
from records.roles import make_roles
from records.rollouts import find_rollout, list_verdicts, write_rollout
from records.schema import configuration, newest_migration
from tests.assay.program import assay
from tests.records.test_data_model import EXAMPLES

SINCE_THEN = {"evidence_digest"}
"""Columns that the first version did not have."""


@pytest.fixture
def old(url: str) -> Iterator[Database]:
    """At the first migration, with the example rows in it."""
    database = open_database(url)
    with database.begin() as connection:
        command.upgrade(configuration(connection), "0001")
    with database.begin() as connection:
        fill(connection)
    if is_postgresql(database):
        make_roles(database, {})
    yield database
    database.dispose()


def fill(connection: Connection) -> None:
    for table in Base.metadata.sorted_tables:
        for row in read_rows(EXAMPLES, table):
            known = {name: value for name, value in row.items() if name not in SINCE_THEN}
            connection.execute(insert(table).values(known))


def rows_of(database: Database) -> dict[str, list[dict[str, object]]]:
    with database.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in Base.metadata.sorted_tables
        }


def test_an_older_database_is_brought_to_this_version_with_all_that_is_in_it(old: Database, url: str) -> None:
    environment = {**os.environ, "ASSAY_DATABASE_URL": url}
    refused = assay("db", "query", "daily-accuracy", environment=environment)
    assert refused.code == 1
    assert f"is at migration 0001, and {newest_migration()} is expected; next: assay db upgrade" in refused.stderr

    done = assay("db", "upgrade", environment=environment)
    assert done.code == 0, done.stderr
    assert f"brought to migration {newest_migration()}" in done.stderr
    with old.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        assert list(compare_metadata(context, Base.metadata)) == []
    assert rows_of(old) == {table.name: read_rows(EXAMPLES, table) for table in Base.metadata.sorted_tables}

    found = find_rollout(old, 1)
    assert write_rollout(old, found.rollout, found.steps, found.verdicts) == 1  # what was there is known again
    assert len(list_verdicts(old)) == len(read_rows(EXAMPLES, Base.metadata.tables["verdicts"]))
    if is_postgresql(old):
        assert "rights of assay_predictor, assay_analyst, assay_console: as they should be" in done.stderr
