"""Predictions of a month are in a table of their own, which is made ahead, and dropped when all of it is too old."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from records.database import Database, is_postgresql
from records.months import Month, make_months, prune
from records.prediction_writer import PredictionWriter
from tests.assay.program import assay
from tests.records.predictions import NOW, make_rows

SUMMER = datetime(2026, 7, 15, tzinfo=UTC)


def tables_of(database: Database) -> dict[str, int]:
    """How many predictions are in the table of each month."""
    with database.connect() as connection:
        names = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'predictions'::regclass")
        counted = {
            name: text(f"SELECT count(*) FROM {name}")  # noqa: S608
            for name in connection.execute(names).scalars()
        }
        return {name: connection.execute(asked).scalar_one() for name, asked in counted.items()}


def kept(database: Database) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM predictions")).scalar_one())


@pytest.fixture
def months(postgres_database: Database) -> Database:
    """On PostgreSQL, with the tables that July made."""
    assert make_months(postgres_database, SUMMER) == [f"predictions_2026_{month:02}" for month in (7, 8, 9, 10)]
    return postgres_database


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), Month(2026, 12)),
        (datetime.fromisoformat("2027-01-01T00:30:00+01:00"), Month(2026, 12)),
    ],
)
def test_a_month_is_one_of_utc(moment: datetime, month: Month) -> None:
    assert Month.of(moment) == month
    assert (month.table, month.next().table) == ("predictions_2026_12", "predictions_2027_01")


def test_a_prediction_goes_to_the_table_of_its_month(months: Database, postgres_url: str) -> None:
    with closing(PredictionWriter(postgres_url)) as writer:
        writer.write(make_rows([0], at=SUMMER))
        writer.write(make_rows([-1, 0], at=Month(2026, 9).begin))
    found = tables_of(months)
    assert (found["predictions_2026_07"], found["predictions_2026_08"], found["predictions_2026_09"]) == (1, 1, 1)


def test_what_came_before_its_month_had_a_table_moves_there(months: Database, postgres_url: str) -> None:
    with closing(PredictionWriter(postgres_url)) as writer:
        writer.write(make_rows(range(10), at=NOW))
        writer.write(make_rows(range(20, 25), at=datetime(2030, 1, 1, tzinfo=UTC)))
        assert tables_of(months)["predictions_default"] == 15
        made = make_months(months, NOW)
        assert made == ["predictions_2026_11", "predictions_2026_12", "predictions_2027_01", "predictions_2027_02"]
        writer.write(make_rows(range(15), at=NOW))  # ten of them come again
    found = tables_of(months)
    assert (found["predictions_2026_11"], found["predictions_default"], kept(months)) == (15, 5, 20)
    assert make_months(months, NOW) == []


def test_months_are_made_while_predictions_come(months: Database, postgres_url: str) -> None:
    def write(part: int) -> None:
        with closing(PredictionWriter(postgres_url)) as writer:
            for begin in range(part * 1000, part * 1000 + 500, 10):
                writer.write(make_rows(range(begin, begin + 10), at=NOW))

    with ThreadPoolExecutor() as threads:
        writing = [threads.submit(write, part) for part in range(2)]
        making = [threads.submit(make_months, months, NOW) for _ in range(2)]
    assert all(future.exception() is None for future in writing)
    assert sorted(len(future.result()) for future in making) == [0, 4]
    assert kept(months) == tables_of(months)["predictions_2026_11"] == 1000


def test_only_months_that_are_older_altogether_are_dropped(months: Database, postgres_url: str) -> None:
    with closing(PredictionWriter(postgres_url)) as writer:
        for month in (6, 7, 8, 9):
            writer.write(make_rows(range(month * 10, month * 10 + month), at=datetime(2026, month, 20, tzinfo=UTC)))
    pruned = prune(months, older_than=datetime(2026, 8, 31, tzinfo=UTC))
    assert (pruned.months, pruned.rows) == (("predictions_2026_07",), 6)  # June never had a table
    assert set(tables_of(months)) == {"predictions_default", *(f"predictions_2026_{month:02}" for month in (8, 9, 10))}
    assert kept(months) == 8 + 9


def test_a_month_that_is_read_meanwhile_is_dropped_afterwards(months: Database, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as reader, ThreadPoolExecutor() as threads:
        reader.execute("SELECT count(*) FROM predictions")
        pruning = threads.submit(prune, months, older_than=NOW)
        assert not pruning.done()
        reader.rollback()
        assert len(pruning.result().months) == 4


def test_in_sqlite_rows_are_deleted_to_the_second(sqlite_database: Database, sqlite_url: str) -> None:
    assert make_months(sqlite_database, NOW) == []
    with closing(PredictionWriter(sqlite_url)) as writer:
        writer.write(make_rows(range(10), at=NOW))
    pruned = prune(sqlite_database, older_than=NOW + timedelta(seconds=4))
    assert (pruned.months, pruned.rows, kept(sqlite_database)) == ((), 4, 6)


def test_the_command_prunes_and_makes_the_next_months(url: str, database: Database) -> None:
    now = datetime.now(UTC)
    with closing(PredictionWriter(url)) as writer:
        writer.write(make_rows([1], at=now - timedelta(days=100)))
        writer.write(make_rows([2], at=now - timedelta(days=1)))
    done = assay("db", "prune", "--older-than", "90d", "--json", environment={"ASSAY_DATABASE_URL": url})
    assert done.code == 0, done.stderr
    said = done.json()
    assert (said["dropped"], said["deleted_rows"], kept(database)) == ([], 1, 1)
    assert len(said["made"]) == (4 if is_postgresql(database) else 0)


def test_the_command_refuses_what_is_no_number_of_days(sqlite_database: Database, sqlite_url: str) -> None:
    done = assay("db", "prune", "--older-than", "3 months", environment={"ASSAY_DATABASE_URL": sqlite_url})
    assert (done.code, kept(sqlite_database)) == (2, 0)
    assert "expected days, such as 90d" in done.stderr
