"""Which tables a database has: Alembic's migrations in migrations/versions, from nothing to the newest one.

There is no way down: a program that is older than its database says so, and a backup is the way back.
"""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from records.database import explaining, is_postgresql, make_folder, place_of
from records.errors import SchemaNotCurrent

_LOCK = 0x6173736179  # "assay": whoever upgrades holds it, and others wait


def newest_migration() -> str:
    """The migration that this program's models are at."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


def migration_of(engine: Engine) -> str | None:
    """The migration that the database is at; None where it has no tables of ours. Raises RecordsError."""
    with explaining(engine), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> bool:
    """Bring the database to the newest migration, all of it or nothing; whether it was not there yet.

    Two that do it at once do it one after the other. Raises RecordsError.
    """
    make_folder(engine)
    with explaining(engine), engine.begin() as connection:
        if is_postgresql(engine):
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        found = MigrationContext.configure(connection).get_current_revision()
        _require_known(engine, found)
        if found == newest_migration():
            return False
        command.upgrade(configuration(connection), "head")
        return True


def require_current(engine: Engine) -> None:
    """Return when the tables are this program's. Raises SchemaNotCurrent, DatabaseUnreachable."""
    found = migration_of(engine)
    if found is None:
        raise SchemaNotCurrent(f"{place_of(engine)} has no tables of records; next: assay db create")
    _require_known(engine, found)
    if found != newest_migration():
        raise SchemaNotCurrent(
            f"{place_of(engine)} is at migration {found}, and {newest_migration()} is expected; next: assay db upgrade"
        )


def _require_known(engine: Engine, found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaNotCurrent(
            f"{place_of(engine)} is at migration {found}, which this program does not know; expected a newer program"
        )


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's, which knows where the migrations are."""
    configuration = Config()
    configuration.set_main_option("script_location", "records:migrations")
    configuration.attributes["connection"] = connection
    return configuration
