"""Which data sets are there, with their parts and how often each label is in them."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from records.database import Database, explaining
from records.models import Dataset, DatasetPart, Sample


class PartFound(NamedTuple):
    """A part that was loaded."""

    dataset: str
    name: str
    role: str
    """training or holdout."""
    digest: str
    rows: int
    added_at: datetime
    labels: dict[str, int]
    """How many of the rows have each label, by label in the order of texts."""


def list_parts(database: Database, *, dataset: str | None = None) -> list[PartFound]:
    """The parts of one data set or of all, in the order in which they were added. Raises RecordsError."""
    columns = (DatasetPart.name, DatasetPart.role, DatasetPart.digest, DatasetPart.rows, DatasetPart.added_at)
    asked = select(DatasetPart.id, Dataset.name, *columns).join(Dataset, Dataset.id == DatasetPart.dataset_id)
    if dataset is not None:
        asked = asked.where(Dataset.name == dataset)
    counted = select(Sample.part_id, Sample.label, func.count()).group_by(Sample.part_id, Sample.label)
    with explaining(database), database.connect() as connection:
        parts = connection.execute(asked.order_by(DatasetPart.id)).all()
        labels: dict[int, dict[str, int]] = {}
        for part_id, label, rows in connection.execute(counted.where(Sample.part_id.in_([part.id for part in parts]))):
            labels.setdefault(part_id, {})[label] = rows
    return [PartFound(*part[1:], labels=dict(sorted(labels.get(part.id, {}).items()))) for part in parts]
