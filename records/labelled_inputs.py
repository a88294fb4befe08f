"""Inputs of predictions whose true label is known: what a next training can learn from."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, select

from records.database import Database, explaining
from records.models import Feedback, Prediction

_BATCH = 1000


class LabelledInput(NamedTuple):
    """One row that was asked, and what is true of it."""

    request_id: str
    row: int
    true_label: str
    inputs: bytes
    inputs_form: list[dict[str, Any]]


def read_labelled_inputs(database: Database, model: str, since: datetime | None = None) -> Iterator[LabelledInput]:
    """Those of `model` that were labelled from `since` on, in the order of their labels' coming.

    Raises DatabaseUnreachable, DatabaseRefuses.
    """
    is_its = and_(Feedback.request_id == Prediction.request_id, Feedback.row == Prediction.row)
    columns = (Feedback.request_id, Feedback.row, Feedback.label, Prediction.inputs, Prediction.inputs_form)
    asked = select(*columns).join(Prediction, is_its).where(Prediction.model == model)
    if since is not None:
        asked = asked.where(Feedback.received_at >= since)
    with explaining(database), database.connect() as connection:
        for row in connection.execution_options(yield_per=_BATCH).execute(asked.order_by(Feedback.id)):
            yield LabelledInput(*row)
