from collections.abc import Iterator
from pathlib import Path

import pytest

from records.database import Database, open_database
from records.schema import upgrade
from tests.records.postgres_server import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database: what holds of one kind holds of the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/records.db"
    made: str = request.getfixturevalue("postgres").empty_database()
    return made


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    return postgres.empty_database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """With all tables, and nothing in them."""
    yield from prepare(url)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """The same, on PostgreSQL."""
    yield from prepare(postgres_url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/records.db"


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """The same, where one kind is enough."""
    yield from prepare(sqlite_url)


def prepare(url: str) -> Iterator[Database]:
    database = open_database(url)
    upgrade(database)
    yield database
    database.dispose()
