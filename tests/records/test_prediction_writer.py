"""Predictions are kept once, all of a batch or none, whatever happens to the database between batches."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from records.database import Database, open_database
from records.errors import DatabaseUnreachable, RecordsError
from records.models import Prediction
from records.prediction_writer import PredictionRow, PredictionWriter
from records.schema import upgrade
from tests.records.postgres_server import PostgresServer
from tests.records.predictions import make_rows


@pytest.fixture
def writer(url: str, database: Database) -> Iterator[PredictionWriter]:
    with closing(PredictionWriter(url)) as writer:
        yield writer


def kept(database: Database) -> list[PredictionRow]:
    columns = [getattr(Prediction, name) for name in PredictionRow._fields]
    with database.connect() as connection:
        found = connection.execute(select(*columns).order_by(Prediction.answered_at, Prediction.row))
        return [PredictionRow(*row) for row in found]


def test_what_is_read_is_what_was_written(writer: PredictionWriter, database: Database) -> None:
    rows = make_rows(range(1000))
    rows[7] = rows[7]._replace(label=None, label_index=None, probability=None, value=-1e300, client="somebody")
    rows[8] = rows[8]._replace(inputs=bytes(range(256)), label="Ä\\ \t\n", is_cut=True, row=3)
    writer.write(rows)
    rows[1] = rows[1]._replace(client_request_id="a\N{REPLACEMENT CHARACTER}b")
    assert kept(database) == rows


def test_a_database_without_an_encoding_keeps_texts_too(postgres: PostgresServer) -> None:
    url = postgres.create_database("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    database = open_database(url)
    upgrade(database)
    rows = [row._replace(label="Ä", client="somebody") for row in make_rows(range(2, 5))]
    with closing(PredictionWriter(url)) as writer:
        writer.write(rows)
        writer.write(rows)  # one by one, where COPY refuses them
    assert kept(database) == rows
    database.dispose()


def test_a_batch_that_comes_again_is_kept_once(writer: PredictionWriter, database: Database) -> None:
    writer.write(make_rows(range(3)))
    writer.write(make_rows(range(1, 5)))
    writer.write(make_rows(range(5)))
    assert [row.key for row in kept(database)] == [f"process-{number}" for number in range(5)]


def test_a_batch_with_a_row_that_is_refused_is_not_kept_at_all(writer: PredictionWriter, database: Database) -> None:
    rows = make_rows(range(3))
    with pytest.raises(RecordsError):
        writer.write([*rows, rows[0]._replace(key="other", request_id=None)])  # type: ignore[arg-type]
    assert kept(database) == []
    writer.write(rows)
    assert len(kept(database)) == 3


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.crash])
def test_a_writer_goes_on_when_the_server_is_back(
    postgres: PostgresServer, end: Callable[[PostgresServer], None], postgres_url: str
) -> None:
    database = open_database(postgres_url)
    upgrade(database)
    with closing(PredictionWriter(postgres_url)) as writer:
        writer.write(make_rows(range(3)))
        end(postgres)
        with pytest.raises(DatabaseUnreachable):
            writer.write(make_rows(range(3, 5)))
        with pytest.raises(DatabaseUnreachable):
            writer.write(make_rows(range(3, 5)))
        postgres.start()
        writer.write(make_rows(range(3, 5)))
    database.dispose()
    assert len(kept(database)) == 5


def test_a_prediction_of_a_month_without_a_table_is_kept(writer: PredictionWriter, database: Database) -> None:
    writer.write(make_rows([1], at=datetime(1999, 12, 31, 23, 59, 58, 999_999, tzinfo=UTC)))
    (row,) = kept(database)
    assert row.answered_at == datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
