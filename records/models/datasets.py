"""Labelled rows: a data set has parts, which are never rewritten, and a part has samples."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class Dataset(Base):
    """Labelled rows of the same columns, in parts that are added one after the other."""

    __tablename__ = "datasets"
    __table_args__ = {"comment": "labelled rows of the same columns, in parts"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True, comment="as a person calls it: digits")
    output_feature: Mapped[str] = mapped_column(comment="what the column of labels is called")
    feature_names: Mapped[list[Any]] = mapped_column(comment="the columns of features, in order")
    created_at: Mapped[datetime] = mapped_column(comment="when its first part was loaded")


class DatasetPart(Base):
    """Rows that were added together and pinned by one digest."""

    __tablename__ = "dataset_parts"
    __table_args__ = (
        UniqueConstraint("dataset_id", "digest"),
        UniqueConstraint("dataset_id", "name"),
        CheckConstraint("role IN ('training', 'holdout')", name="role"),
        {"comment": "rows that were added together; never rewritten"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    name: Mapped[str] = mapped_column(comment="within the data set: part-1, holdout")
    role: Mapped[str] = mapped_column(comment="training, or holdout, which no training may see")
    digest: Mapped[str] = mapped_column(index=True, comment="sha256:…, of columns, rows and labels in their order")
    rows: Mapped[int] = mapped_column(comment="how many samples it has")
    feature_dtype: Mapped[str] = mapped_column(comment="of the numbers in samples.features: u1, <f4 or <f8")
    categories: Mapped[dict[str, Any]] = mapped_column(
        comment="by feature that is no number, the texts that its numbers count from 0"
    )
    added_at: Mapped[datetime]


class Sample(Base):
    """A row of a part."""

    __tablename__ = "samples"
    __table_args__ = {"comment": "the rows of the parts"}  # noqa: RUF012

    part_id: Mapped[int] = mapped_column(ForeignKey("dataset_parts.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="its place in the part, from 0")
    label: Mapped[str] = mapped_column(comment="the true one")
    features: Mapped[bytes] = mapped_column(comment="one number a feature, of the part's feature_dtype")
