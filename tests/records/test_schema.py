"""A database gets exactly the tables of the models, whichever it is, and says when it has others."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, MetaData, String, inspect, text

from records.database import Database, is_postgresql, open_database
from records.draft_migration import draft_migration
from records.errors import DatabaseNotSet, DatabaseUnreachable, RecordsError, SchemaNotCurrent
from records.migrations import is_ours
from records.models import Base
from records.schema import migration_of, newest_migration, require_current, upgrade


def differences(database: Database) -> list[object]:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        return list(compare_metadata(context, Base.metadata))


def test_from_empty_to_the_newest_migration_equals_the_models(url: str) -> None:
    database = open_database(url)
    assert upgrade(database)
    assert differences(database) == []
    assert set(Base.metadata.tables) <= set(inspect(database).get_table_names())
    assert migration_of(database) == newest_migration()
    require_current(database)
    database.dispose()


def test_a_column_that_no_migration_makes_is_found(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE feedback DROP COLUMN source"))
    assert [type(found).__name__ for found in differences(database)] == ["tuple"]


def test_upgrading_again_changes_nothing(database: Database) -> None:
    assert not upgrade(database)


def test_several_that_upgrade_at_once_do_it_once(url: str) -> None:
    def upgrade_it(_: int) -> bool:
        database = open_database(url)
        try:
            return upgrade(database)
        finally:
            database.dispose()

    with ThreadPoolExecutor(4) as threads:
        changed = list(threads.map(upgrade_it, range(4)))
    assert sorted(changed) == [False, False, False, True]


def test_a_new_file_that_another_program_writes_into_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ends = Timer(0.3, other.execute, ["COMMIT"])
    ends.start()
    database = open_database(f"sqlite:///{tmp_path}/records.db")
    assert upgrade(database)
    database.dispose()
    ends.join()
    other.close()


def test_a_database_without_tables_and_one_of_another_program_are_told_apart(url: str) -> None:
    database = open_database(url)
    with pytest.raises(SchemaNotCurrent, match="has no tables of records; next: assay db create"):
        require_current(database)
    upgrade(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for call in (require_current, upgrade):
        with pytest.raises(SchemaNotCurrent, match="is at migration 9999, which this program does not know"):
            call(database)
    database.dispose()


def test_an_upgrade_that_fails_leaves_nothing(url: str) -> None:
    database = open_database(url)
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE samples (something INTEGER)"))
    with pytest.raises(RecordsError, match="samples"):
        upgrade(database)
    assert inspect(database).get_table_names() == ["samples"]
    database.dispose()


def test_a_migration_is_drafted_from_what_the_models_have_and_the_database_does_not() -> None:
    assert "op." not in draft_migration(Base.metadata)
    changed = MetaData()
    for table in Base.metadata.sorted_tables:
        table.to_metadata(changed)
    changed.tables["deployments"].append_column(Column("asked_by", String))
    assert "op.add_column('deployments', sa.Column('asked_by', sa.String(), nullable=True))" in draft_migration(changed)


def test_times_are_in_the_zone_of_the_world(database: Database) -> None:
    if is_postgresql(database):
        with database.connect() as connection:
            assert connection.execute(text("SHOW TIME ZONE")).scalar() == "UTC"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nothing", "the database's URL is none"),
        ("mysql://me:secret@somewhere/records", "begins with mysql:"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_url_that_names_no_database_is_refused_without_being_repeated(url: str, said: str) -> None:
    with pytest.raises(DatabaseNotSet, match=said) as refused:
        open_database(url)
    assert "secret" not in str(refused.value)


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(
        DatabaseUnreachable, match=r"postgresql.*assay:\*\*\*@127.0.0.1:1/records does not answer"
    ) as away:
        migration_of(open_database("postgresql://assay:secret@127.0.0.1:1/records"))
    assert "secret" not in str(away.value)
