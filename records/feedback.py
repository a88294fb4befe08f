"""True labels of predictions. Of two labels for a row the first stands, unless the later one is meant to correct it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, tuple_, update

from records.database import Database, add_missing, explaining
from records.models import Feedback, Prediction

_BATCH = 500


class TrueLabel(NamedTuple):
    """What turned out to be true of one row of a request that was answered."""

    request_id: str
    row: int
    label: str
    """Of a regression, the number."""


class LabelsWritten(NamedTuple):
    """What became of labels."""

    new: int
    known: int
    """They were there already, and say the same."""
    corrected: int
    """They were there with another label, which was replaced."""
    contradicting: tuple[TrueLabel, ...]
    """They are there with another label, which stands."""
    unknown: tuple[TrueLabel, ...]
    """No such prediction is there: not yet, or not any more; nothing of them is kept."""


def record_labels(
    database: Database, labels: Sequence[TrueLabel], *, source: str, at: datetime, correct: bool = False
) -> LabelsWritten:
    """Keep what `source` says is true, all or nothing; with `correct` also where another label is there.

    Can be repeated. Raises DatabaseUnreachable, DatabaseRefuses.
    """
    wanted: dict[tuple[str, int], TrueLabel] = {}
    for one in labels:
        wanted.setdefault((one.request_id, one.row), one)
    with explaining(database), database.begin() as connection:
        there = _found(connection, select(Prediction.request_id, Prediction.row), Prediction, wanted)
        answered = {(row.request_id, row.row) for row in there}
        new = [
            {**label._asdict(), "source": source, "received_at": at} for key, label in wanted.items() if key in answered
        ]
        added = add_missing(connection, Feedback, new)
        kept = select(Feedback.request_id, Feedback.row, Feedback.label)
        stands = {(row.request_id, row.row): row.label for row in _found(connection, kept, Feedback, answered)}
        others = [one for one in labels if (key := (one.request_id, one.row)) in stands and stands[key] != one.label]
        if correct and others:
            _correct(connection, [row for row in new if stands[row["request_id"], row["row"]] != row["label"]])
    unknown = tuple(one for one in labels if (one.request_id, one.row) not in answered)
    return LabelsWritten(
        new=added,
        known=len(labels) - added - len(others) - len(unknown),
        corrected=len(others) if correct else 0,
        contradicting=() if correct else tuple(others),
        unknown=unknown,
    )


def _correct(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        is_it = (Feedback.request_id == row["request_id"], Feedback.row == row["row"])
        connection.execute(update(Feedback).where(*is_it).values(row))


def _found(connection: Connection, asked: Any, table: Any, keys: Iterable[tuple[str, int]]) -> Iterator[Any]:
    wanted = list(keys)
    for place in range(0, len(wanted), _BATCH):
        batch = wanted[place : place + _BATCH]
        yield from connection.execute(asked.where(tuple_(table.request_id, table.row).in_(batch)))
