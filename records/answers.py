"""What bundles answered, request by request: the labels of all its rows, for whoever compares two bundles."""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import select

from records.database import Database, explaining
from records.models import Prediction

_BATCH = 1000


class RequestAnswered(NamedTuple):
    """A request that one bundle answered."""

    answered_at: datetime
    request_id: str
    client_request_id: str | None
    bundle_digest: str
    labels: tuple[str, ...]
    """Of the rows that were recorded, in their order."""


def read_answers(database: Database, bundle_digests: Collection[str], since: datetime) -> Iterator[RequestAnswered]:
    """What these bundles answered from `since` on, the oldest first; what has no labels is left out.

    A request's rows are written together, so all of them are here or none. Raises DatabaseUnreachable,
    DatabaseRefuses.
    """
    names = ("answered_at", "key", "row", "request_id", "client_request_id", "bundle_digest", "label")
    asked = (
        select(*(getattr(Prediction, name) for name in names))
        .where(Prediction.bundle_digest.in_(list(bundle_digests)), Prediction.answered_at >= since)
        .where(Prediction.label.is_not(None))
        .order_by(Prediction.answered_at, Prediction.key, Prediction.row)
    )
    with explaining(database), database.connect() as connection:
        found = connection.execution_options(yield_per=_BATCH).execute(asked)
        for _, rows in groupby(found, key=lambda row: (row.answered_at, row.key)):
            of_request = list(rows)
            one = of_request[0]
            labels = tuple(row.label for row in of_request)
            yield RequestAnswered(one.answered_at, one.request_id, one.client_request_id, one.bundle_digest, labels)
