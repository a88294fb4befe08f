"""Loads the rows of a data set, part by part, each once.

A part is one transaction, so it is there altogether or not at all; its digest says whether it is there already. The
numbers are stored in the smallest type that holds each of them exactly: an image's pixels take a byte each.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select
from sqlalchemy.sql.dml import ReturningInsert

from records.database import Database, explaining
from records.errors import DatasetDiffers
from records.models import Dataset, DatasetPart, Sample

_BATCH = 1000
_DTYPES = ("u1", "<f4", "<f8")


@dataclass(frozen=True, slots=True, eq=False)
class PartRows:
    """A part of a data set, as it is loaded."""

    dataset: str
    name: str
    role: str
    """training or holdout."""
    digest: str
    output_feature: str
    feature_names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    features: NDArray[np.float64]
    """(rows, features), finite."""
    labels: tuple[str, ...]
    """(rows,)."""


def write_part(database: Database, part: PartRows, report: Callable[[float], None]) -> bool:
    """Load `part`; whether it was not there yet. `report` is told the share that is done, 0..1.

    Raises DatasetDiffers, DatabaseUnreachable, DatabaseRefuses; then nothing of it is there.
    """
    with explaining(database), database.begin() as connection:
        dataset_id = _dataset_id(connection, part)
        found = select(DatasetPart.name, DatasetPart.digest).where(DatasetPart.dataset_id == dataset_id)
        known = {row.name: row.digest for row in connection.execute(found)}
        if part.digest in known.values():
            return False
        if part.name in known:
            said = f"{part.dataset} has a part {part.name} with other rows, {known[part.name]}"
            raise DatasetDiffers(f"{said}; parts are never rewritten: give the new one another name")
        dtype = smallest_dtype(part.features)
        part_id = _add(connection, dataset_id, part, dtype)
        samples = _samples(part_id, part, dtype)
        done = 0
        while batch := list(islice(samples, _BATCH)):
            connection.execute(insert(Sample), batch)
            done += len(batch)
            report(done / len(part.labels))
        return True


def smallest_dtype(numbers: NDArray[np.float64]) -> str:
    """`u1`, `<f4` or `<f8`: the first that holds each of `numbers`, which are finite, as it is."""
    low, high = numbers.min(initial=0.0), numbers.max(initial=0.0)
    if low >= 0 and high <= 255 and (numbers == np.floor(numbers)).all():
        return "u1"
    with np.errstate(over="ignore"):
        return next(dtype for dtype in _DTYPES[1:] if (numbers.astype(dtype) == numbers).all())


def _dataset_id(connection: Connection, part: PartRows) -> int:
    columns = (part.output_feature, list(part.feature_names))
    asked = select(Dataset.id, Dataset.output_feature, Dataset.feature_names).where(Dataset.name == part.dataset)
    if (found := connection.execute(asked).one_or_none()) is None:
        made = (
            insert(Dataset)
            .values(
                name=part.dataset, output_feature=columns[0], feature_names=columns[1], created_at=datetime.now(UTC)
            )
            .returning(Dataset.id)
        )
        return _new_id(connection, made)
    if (found.output_feature, found.feature_names) != columns:
        raise DatasetDiffers(
            f"{part.dataset} has {len(found.feature_names)} features and the label {found.output_feature}, and "
            f"{part.name} has {len(columns[1])} and {columns[0]}, or others; expected the same columns in each part"
        )
    return int(found.id)


def _add(connection: Connection, dataset_id: int, part: PartRows, dtype: str) -> int:
    made = (
        insert(DatasetPart)
        .values(
            dataset_id=dataset_id,
            name=part.name,
            role=part.role,
            digest=part.digest,
            rows=len(part.labels),
            feature_dtype=dtype,
            categories={name: list(texts) for name, texts in part.categories.items()},
            added_at=datetime.now(UTC),
        )
        .returning(DatasetPart.id)
    )
    return _new_id(connection, made)


def _new_id(connection: Connection, made: ReturningInsert[int]) -> int:
    return connection.execute(made).scalar_one()


def _samples(part_id: int, part: PartRows, dtype: str) -> Iterator[dict[str, Any]]:
    stored = part.features.astype(dtype)
    for row, (label, features) in enumerate(zip(part.labels, stored, strict=True)):
        yield {"part_id": part_id, "row": row, "label": label, "features": features.tobytes()}
