"""Which database of records the console and its jobs use: the one that is set, or a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from records.database import Database, open_database
from records.schema import require_current, upgrade
from records.settings import DatabaseSettings


@dataclass(frozen=True, slots=True)
class OpenedDatabase:
    """The database, and what a job's environment needs so that it uses the same."""

    database: Database
    environment: Mapping[str, str]


def open_records(state: Path) -> OpenedDatabase:
    """The database that ASSAY_DATABASE_URL names, whose tables are there; else the file records.db in `state`.

    That file gets its tables here. Raises RecordsError.
    """
    settings = DatabaseSettings.read()
    if settings.is_set:
        opened = open_database(settings.database_url())
        require_current(opened)
        return OpenedDatabase(opened, {})  # jobs have the same environment
    url = f"sqlite:///{state / 'records.db'}"
    opened = open_database(url)
    upgrade(opened)
    return OpenedDatabase(opened, {"ASSAY_DATABASE_URL": url})
