"""Predictions by the month, and how long they are kept.

PostgreSQL keeps each month (UTC) in a table of its own, `predictions_2026_11`, so that letting one go costs nothing.
They are made ahead. What comes in a month without a table goes to `predictions_default`, and moves to the month's own
once that is made: no prediction is refused. SQLite has one table, from which rows are deleted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, Self

from sqlalchemy import Connection, Engine, delete, text

from records.database import explaining, is_postgresql
from records.models import Prediction

MONTHS_AHEAD = 3
_PREFIX = "predictions_"
_DEFAULT = f"{_PREFIX}default"


class Month(NamedTuple):
    """A month, in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month that `moment` is in."""
        there = moment.astimezone(UTC)
        return cls(there.year, there.month)

    @property
    def table(self) -> str:
        """Where its predictions are."""
        return f"{_PREFIX}{self.year:04}_{self.month:02}"

    @property
    def begin(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    def next(self) -> "Month":
        """The one after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was let go."""

    months: tuple[str, ...]
    """The tables that were dropped with all that was in them; none in SQLite."""
    rows: int
    """Predictions that were deleted one by one."""


def make_months(engine: Engine, now: datetime) -> list[str]:
    """The tables of this month and the next three, where they are missing; those that were made. Raises RecordsError.

    Nothing to do in SQLite.
    """
    if not is_postgresql(engine):
        return []
    with explaining(engine), engine.begin() as connection:
        _lock(connection)
        there = set(_tables(connection))
        missing = [month for month in islice(_from(Month.of(now)), MONTHS_AHEAD + 1) if month.table not in there]
        if missing:
            # Whoever inserts waits here, before it is decided which table its row goes to; whoever reads does not.
            connection.execute(text("LOCK TABLE ONLY predictions IN SHARE ROW EXCLUSIVE MODE"))
        for month in missing:
            _make(connection, month)
        return [month.table for month in missing]


def prune(engine: Engine, *, older_than: datetime) -> Pruned:
    """Let go what was answered before `older_than`: in PostgreSQL whole months, of which all is older.

    Raises RecordsError; then everything is still there.
    """
    with explaining(engine), engine.begin() as connection:
        if not is_postgresql(engine):
            done = connection.execute(delete(Prediction).where(Prediction.answered_at < older_than))
            return Pruned((), done.rowcount)
        _lock(connection)
        cut = Month.of(older_than).table  # the names sort like the months
        gone = [table for table in _tables(connection) if table < cut]
        for table in gone:
            connection.execute(text(f"DROP TABLE {table}"))
        late = text(f"DELETE FROM {_DEFAULT} WHERE answered_at < :cut")  # noqa: S608  # a name of ours
        return Pruned(tuple(gone), connection.execute(late, {"cut": older_than}).rowcount)


def _from(month: Month) -> Iterator[Month]:
    while True:
        yield month
        month = month.next()


def _lock(connection: Connection) -> None:
    """Whoever changes which tables there are waits for one another."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('assay months'))"))
    connection.execute(text("SET LOCAL statement_timeout = 0"))  # it moves and deletes as many rows as there are


def _tables(connection: Connection) -> Sequence[str]:
    """Of the months that have one, the oldest first."""
    found = text(
        "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
        " WHERE inhparent = 'predictions'::regclass AND child.relname <> :default ORDER BY 1"
    )
    return connection.execute(found, {"default": _DEFAULT}).scalars().all()


def _make(connection: Connection, month: Month) -> None:
    """Its table, with what is in the default one of it: a table cannot join while rows of its range are there."""
    begin, end = (f"'{moment:%Y-%m-%d %H:%M:%S+00}'" for moment in (month.begin, month.next().begin))
    connection.execute(text(f"LOCK TABLE {_DEFAULT} IN ACCESS EXCLUSIVE MODE"))
    connection.execute(text(f"CREATE TABLE {month.table} (LIKE predictions INCLUDING ALL)"))
    there = f"answered_at >= {begin} AND answered_at < {end}"
    move = f"WITH moved AS (DELETE FROM {_DEFAULT} WHERE {there} RETURNING *) INSERT INTO {month.table} TABLE moved"  # noqa: S608
    connection.execute(text(move))
    connection.execute(
        text(f"ALTER TABLE predictions ATTACH PARTITION {month.table} FOR VALUES FROM ({begin}) TO ({end})")
    )
