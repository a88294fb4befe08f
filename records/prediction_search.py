"""Predictions found again: by whom, what and when, a page at a time, the newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, tuple_

from records.database import Database, explaining
from records.errors import NotRecorded, QueryNotKnown
from records.models import Feedback, Prediction
from records.prediction_writer import PredictionRow

Kind = Literal["all", "labelled", "unlabelled", "wrong", "disagreements"]


@dataclass(frozen=True, slots=True)
class PredictionsWanted:
    """Which predictions; what is None leaves all."""

    kind: Kind = "all"
    """With a true label, without one, with another one than was answered, or of an input that revisions of the same
    model answered differently since `since`."""
    model: str | None = None
    revision: str | None = None
    bundle_digest: str | None = None
    label: str | None = None
    """That was answered."""
    request_id: str | None = None
    client: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Answers at this moment and after are left out."""


class PredictionFound(NamedTuple):
    """A prediction without its tensors, and the true label where it is known."""

    answered_at: datetime
    key: str
    row: int
    request_id: str
    client: str | None
    model: str
    version: str
    revision: str
    bundle_digest: str
    transport: str
    door: str
    seconds: float
    label: str | None
    probability: float | None
    value: float | None
    true_label: str | None


class PredictionPage(NamedTuple):
    """Some of them, and what to ask for the next ones by; None where there are no more."""

    predictions: tuple[PredictionFound, ...]
    next_page: str | None


_PLACE = (Prediction.answered_at, Prediction.key, Prediction.row)
_HAS_LABEL = and_(Feedback.request_id == Prediction.request_id, Feedback.row == Prediction.row)


def find_predictions(
    database: Database, wanted: PredictionsWanted, *, limit: int = 50, page: str | None = None
) -> PredictionPage:
    """At most `limit` predictions, from the beginning or from the `next_page` of a page before.

    Raises QueryNotKnown for a page that is none, DatabaseUnreachable, DatabaseRefuses.
    """
    columns: list[Any] = [getattr(Prediction, name) for name in PredictionFound._fields[:-1]]
    asked = (
        select(*columns, Feedback.label.label("true_label")).outerjoin(Feedback, _HAS_LABEL).where(*_conditions(wanted))
    )
    if page is not None:
        asked = asked.where(*_after(page))
    asked = asked.order_by(*(column.desc() for column in _PLACE)).limit(limit + 1)
    with explaining(database), database.connect() as connection:
        found = [PredictionFound(**row) for row in connection.execute(asked).mappings()]
    shown = tuple(found[:limit])
    return PredictionPage(shown, _page_after(shown[-1]) if len(found) > limit and shown else None)


def read_prediction(database: Database, request_id: str, row: int) -> PredictionRow:
    """One prediction with its tensors; the newest where a client has used an id again.

    Raises NotRecorded, DatabaseUnreachable, DatabaseRefuses.
    """
    columns = [getattr(Prediction, name) for name in PredictionRow._fields]
    asked = select(*columns).where(Prediction.request_id == request_id, Prediction.row == row)
    with explaining(database), database.connect() as connection:
        found = connection.execute(asked.order_by(Prediction.answered_at.desc()).limit(1)).one_or_none()
    if found is None:
        raise NotRecorded(f"there is no prediction of request {request_id}, row {row}")
    return PredictionRow(*found)


def _conditions(wanted: PredictionsWanted) -> list[ColumnElement[bool]]:
    equal = ("model", "revision", "bundle_digest", "label", "request_id", "client")
    conditions = [getattr(Prediction, name) == value for name in equal if (value := getattr(wanted, name)) is not None]
    conditions += _within(wanted)
    if wanted.kind == "disagreements":
        inputs = (Prediction.model, Prediction.inputs, Prediction.inputs_form)
        conditions.append(tuple_(*inputs).in_(_answered_differently(wanted, inputs)))
    if wanted.kind == "labelled":
        conditions.append(Feedback.label.is_not(None))
    if wanted.kind == "unlabelled":
        conditions.append(Feedback.label.is_(None))
    if wanted.kind == "wrong":
        conditions.append(Feedback.label != Prediction.label)
    return conditions


def _within(wanted: PredictionsWanted) -> list[ColumnElement[bool]]:
    since = [Prediction.answered_at >= wanted.since] if wanted.since else []
    return [*since, *([Prediction.answered_at < wanted.until] if wanted.until else [])]


def _answered_differently(wanted: PredictionsWanted, inputs: tuple[Any, ...]) -> Select[Any]:
    """Inputs with several labels by several revisions: then there are two revisions of which each has another one."""
    several = (func.count(Prediction.label.distinct()) > 1, func.count(Prediction.revision.distinct()) > 1)
    return select(*inputs).where(*_within(wanted)).group_by(*inputs).having(and_(*several))


def _page_after(last: PredictionFound) -> str:
    return f"{last.answered_at.isoformat()},{last.row},{last.key}"


def _after(page: str) -> tuple[ColumnElement[bool], ...]:
    at, _, rest = page.partition(",")
    row, _, key = rest.partition(",")
    try:
        place = (datetime.fromisoformat(at).astimezone(), key, int(row))
    except (ValueError, OverflowError) as error:  # a time on no calendar
        raise QueryNotKnown(f"{page[:80]!r} is no page; expected the next_page of a page before") from error
    values = [literal(value, column.type) for value, column in zip(place, _PLACE, strict=True)]
    # The first one repeats a part of the second: months of which all is newer are not looked at.
    return Prediction.answered_at <= place[0], tuple_(*_PLACE) < tuple_(*values)
