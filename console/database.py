"""Which database of records the console and its jobs use: the one that is set, or a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from records.database import Database, open_database
from records.errors import DatabaseRefuses, DatabaseUnreachable, SchemaNotCurrent
from records.schema import require_current, upgrade
from records.settings import DatabaseSettings

_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class OpenedDatabase:
    """The database, and what a job's environment needs so that it uses the same."""

    database: Database
    environment: Mapping[str, str]


def open_records(state: Path, patience_seconds: float = 0.0) -> OpenedDatabase:
    """The database that ASSAY_DATABASE_URL names, whose tables are there; else the file records.db in `state`.

    That file gets its tables here. The other may need `patience_seconds` until it answers and has its own, as where
    both begin with this console. Raises RecordsError.
    """
    settings = DatabaseSettings.read()
    if settings.is_set:
        opened = open_database(settings.database_url())
        _wait_for(opened, patience_seconds)
        return OpenedDatabase(opened, {})  # jobs have the same environment
    url = f"sqlite:///{state / 'records.db'}"
    opened = open_database(url)
    upgrade(opened)
    return OpenedDatabase(opened, {"ASSAY_DATABASE_URL": url})


def _wait_for(database: Database, patience_seconds: float) -> None:
    deadline = monotonic() + patience_seconds
    while True:
        try:
            return require_current(database)
        except (DatabaseRefuses, DatabaseUnreachable, SchemaNotCurrent):  # refused: a role is there after its tables
            if monotonic() >= deadline:
                raise
        sleep(_POLL_SECONDS)
