"""How a bundle's answers were spread, and how many of those whose truth is known were right."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, case, func, select

from records.database import Database, explaining
from records.models import Feedback, Prediction


class AnswerCounts(NamedTuple):
    """Of one bundle's predictions in a while."""

    by_label: Mapping[str, int]
    """How often each class was answered; empty for a regression."""
    labelled: int
    """Of these, how many have a true label."""
    right: int
    """And how many of those were answered with it."""


def count_answers(database: Database, bundle_digest: str, since: datetime) -> AnswerCounts:
    """The classes that the bundle answered from `since` on. Raises DatabaseUnreachable, DatabaseRefuses."""
    is_its = and_(Feedback.request_id == Prediction.request_id, Feedback.row == Prediction.row)
    right = case((Feedback.label == Prediction.label, 1), else_=0)
    asked = (
        select(Prediction.label, func.count(), func.count(Feedback.label), func.sum(right))
        .outerjoin(Feedback, is_its)
        .where(Prediction.bundle_digest == bundle_digest, Prediction.answered_at >= since)
        .where(Prediction.label.is_not(None))
        .group_by(Prediction.label)
    )
    with explaining(database), database.connect() as connection:
        found = [
            (str(label), int(rows), int(known), int(hits)) for label, rows, known, hits in connection.execute(asked)
        ]
    return AnswerCounts(
        by_label={label: rows for label, rows, _, _ in found},
        labelled=sum(known for _, _, known, _ in found),
        right=sum(hits for _, _, _, hits in found),
    )
