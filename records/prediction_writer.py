"""Inserts predictions, in batches, each once: a row whose key is there already is left as it is.

PostgreSQL gets a batch by COPY, which costs the least on both sides. Where a row of it is there already, which is so
after a crash alone, COPY refuses them all, and they are inserted one by one. The user needs no right but to insert.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects import postgresql

from records.database import explaining, insert_into, is_postgresql, open_database
from records.models import Prediction


class PredictionRow(NamedTuple):
    """A row of the table `predictions`, whose columns say what each field is."""

    answered_at: datetime
    key: str
    row: int
    request_id: str
    client_request_id: str | None
    client: str | None
    model: str
    version: str
    revision: str
    bundle_digest: str
    transport: str
    door: str
    seconds: float
    rows: int
    is_cut: bool
    label: str | None
    label_index: int | None
    probability: float | None
    value: float | None
    inputs: bytes
    inputs_form: list[dict[str, Any]]
    outputs: bytes
    outputs_form: list[dict[str, Any]]


_COPY = f"COPY predictions ({', '.join(PredictionRow._fields)}) FROM STDIN (FORMAT BINARY)"
_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_TYPES = [Prediction.__table__.c[name].type.compile(_DIALECT).lower() for name in PredictionRow._fields]


class PredictionWriter:
    """Writes to the database of `url`, which is connected to with the first batch, and anew after a failure.

    Used by one thread. Raises DatabaseNotSet.
    """

    def __init__(self, url: str) -> None:
        self._database = open_database(url)
        self._insert = insert_into(self._database, Prediction).on_conflict_do_nothing()

    def write(self, rows: Sequence[PredictionRow]) -> None:
        """Keep `rows`, all or none of them: when this returns, they are on the disk.

        Raises DatabaseUnreachable, DatabaseRefuses; then it is not known whether they are kept, and can be repeated.
        """
        try:
            with explaining(self._database):
                self._write([_storable(row) for row in rows])
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection. Can be repeated."""
        self._database.dispose()

    def _write(self, rows: Sequence[PredictionRow]) -> None:
        if is_postgresql(self._database):
            try:
                with self._database.begin() as connection:
                    return _copy(connection, rows)
            except UniqueViolation:
                pass
        with self._database.begin() as connection:
            connection.execute(self._insert, [row._asdict() for row in rows])
        return None


def _storable(row: PredictionRow) -> PredictionRow:
    """PostgreSQL has no text with a NUL in it, and a client or a model may have one; only this is changed."""
    texts = {name: getattr(row, name) for name in ("client_request_id", "client", "label")}
    changed = {
        name: text.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, text in texts.items() if "\0" in (text or "")
    }
    return row._replace(**changed) if changed else row


def _copy(connection: Connection, rows: Sequence[PredictionRow]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            *others, inputs, inputs_form, outputs, outputs_form = row
            copy.write_row((*others, inputs, _json(inputs_form), outputs, _json(outputs_form)))


def _json(document: list[dict[str, Any]]) -> Jsonb:
    return Jsonb(document, dumps=orjson.dumps)
