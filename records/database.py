"""A URL becomes an engine, and what a driver raises becomes one line without a password.

PostgreSQL is spoken to through psycopg 3; `postgresql://` means it, too. A connection that hangs is given up: ten
seconds after the last packet that was not acknowledged, and a minute after a statement began.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeAlias

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, literal, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from records.errors import DatabaseNotSet, DatabaseRefuses, DatabaseUnreachable
from records.models import Base

Database: TypeAlias = Engine
"""What the functions of this room are called with."""

_POSTGRESQL = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "tcp_user_timeout": 10_000,
    "application_name": "assay",
    "client_encoding": "utf8",  # of a database that was made in the C locale the driver hands out texts as bytes
}
_ROWS_A_STATEMENT = 500
_SQLITE_WAIT_SECONDS = 30  # for another writer
_SQLITE_PAUSE_SECONDS = 0.01


def open_database(url: str) -> Engine:
    """The engine of `url`; nothing is connected yet. Raises DatabaseNotSet."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args=_POSTGRESQL,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was started anew is met with a new connection
    )
    event.listen(engine, "connect", _begin_postgresql)
    return engine


def is_postgresql(engine: Engine) -> bool:
    """Whether it has roles and months in tables of their own."""
    return engine.dialect.name == "postgresql"


def insert_into(engine: Engine, table: type[Base]) -> Any:
    """An INSERT that can say what becomes of a row that is there already, which each database says in its own words."""
    return (postgresql if is_postgresql(engine) else sqlite).insert(table)


def add_missing(connection: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those of `rows` whose keys are not there yet; how many."""
    added = 0
    for place in range(0, len(rows), _ROWS_A_STATEMENT):
        made = insert_into(connection.engine, table).values(rows[place : place + _ROWS_A_STATEMENT])
        added += len(connection.execute(made.on_conflict_do_nothing().returning(literal(1))).all())
    return added


def place_of(engine: Engine) -> str:
    """The URL without a password, for a person."""
    return engine.url.render_as_string(hide_password=True)


@contextmanager
def explaining(engine: Engine) -> Iterator[None]:
    """What the database raises in here, or its driver, becomes DatabaseUnreachable or DatabaseRefuses."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        if _is_away(said):
            raise DatabaseUnreachable(f"{place_of(engine)} does not answer: {_first_line(said)}") from error
        raise DatabaseRefuses(f"{place_of(engine)} refuses: {_first_line(said)}") from error


def _is_away(error: BaseException | None) -> bool:
    """Whether there is no connection, or none any more; PostgreSQL calls a statement that took too long so, too."""
    if isinstance(error, sqlite3.OperationalError):
        return "unable to open" in str(error) or "locked" in str(error)
    return isinstance(error, psycopg.OperationalError) and not isinstance(error, psycopg.errors.QueryCanceled)


def _first_line(error: BaseException | None) -> str:
    """What the driver said, without the statement and its values."""
    return str(error).strip().partition("\n")[0]


def _parse(url: str) -> URL:
    expected = "expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
    try:
        parsed = make_url(url)
    except ArgumentError as error:  # whose text may hold the password
        raise DatabaseNotSet(f"the database's URL is none; {expected}") from error
    if parsed.drivername not in {"sqlite", "postgresql", "postgresql+psycopg", "postgres"}:
        raise DatabaseNotSet(f"the database's URL begins with {parsed.drivername}:; {expected}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise DatabaseNotSet(f"the database's URL names no file; {expected}")
    return parsed.set(drivername="postgresql") if parsed.drivername == "postgres" else parsed


def _open_sqlite(url: URL) -> Engine:
    def begin(connection: sqlite3.Connection, _: object) -> None:
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    engine = create_engine(url, connect_args={"timeout": _SQLITE_WAIT_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", begin)
    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Keep a log of writes, so that who reads does not wait for who writes.

    SQLite does not wait for a lock when a new file changes to it, however long its timeout, so this does.
    """
    ends = monotonic() + _SQLITE_WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > ends:
                raise
            sleep(_SQLITE_PAUSE_SECONDS)
        else:
            return


def make_folder(engine: Engine) -> None:
    """Of SQLite's file, where it is missing. Raises DatabaseUnreachable."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        try:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnreachable(f"{place_of(engine)}: no folder can be made: {error.strerror}") from error


def _begin_postgresql(connection: Any, _: object) -> None:
    connection.execute("SET TIME ZONE 'UTC'")  # a day is one in UTC
    connection.execute("SET statement_timeout = '60s'")
    connection.commit()
