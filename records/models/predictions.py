"""What was asked and answered, and what turned out to be true."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class Prediction(Base):
    """One row of one inference, as it was answered.

    The key has the time in it because PostgreSQL keeps each month in a table of its own (months.py).
    """

    __tablename__ = "predictions"
    __table_args__ = {  # noqa: RUF012
        "comment": "one row of one inference each, as it was answered",
        "postgresql_partition_by": "RANGE (answered_at)",
    }

    answered_at: Mapped[datetime] = mapped_column(primary_key=True, comment="when the answer was handed over")
    key: Mapped[str] = mapped_column(primary_key=True, comment="names the inference: recorded twice, it is kept once")
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="within the request, from 0")
    request_id: Mapped[str] = mapped_column(index=True, comment="X-Request-Id, as in the answer")
    client_request_id: Mapped[str | None] = mapped_column(comment="V2's own id, where the request had one")
    client: Mapped[str | None] = mapped_column(comment="who asked, where the predictor knows it")
    model: Mapped[str]
    version: Mapped[str]
    revision: Mapped[str] = mapped_column(comment="who answered, by name")
    bundle_digest: Mapped[str] = mapped_column(comment="and by content")
    transport: Mapped[str] = mapped_column(comment="rest or grpc")
    door: Mapped[str] = mapped_column(comment="the route that was asked")
    seconds: Mapped[float] = mapped_column(comment="from the request's first byte to its answer")
    rows: Mapped[int] = mapped_column(comment="how many rows the request had")
    is_cut: Mapped[bool] = mapped_column(comment="whether fewer of them are here, because it was too large")
    label: Mapped[str | None] = mapped_column(comment="of a classification")
    label_index: Mapped[int | None] = mapped_column(comment="of that label among the model's classes")
    probability: Mapped[float | None] = mapped_column(comment="of that label")
    value: Mapped[float | None] = mapped_column(comment="of a regression")
    inputs: Mapped[bytes] = mapped_column(comment="the input tensors' elements, one tensor behind the other")
    inputs_form: Mapped[list[Any]] = mapped_column(comment="name, datatype, shape and bytes of each of these tensors")
    outputs: Mapped[bytes] = mapped_column(comment="the output tensors' elements")
    outputs_form: Mapped[list[Any]] = mapped_column(comment="name, datatype, shape and bytes of each of these")


class Feedback(Base):
    """A true label. It names a prediction by its request and refers to no row of the table, which may be gone."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("request_id", "row"), {"comment": "true labels of predictions"})

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(comment="of the prediction")
    row: Mapped[int] = mapped_column(comment="of the prediction's request, from 0")
    label: Mapped[str] = mapped_column(comment="the true one; of a regression, the number")
    source: Mapped[str] = mapped_column(comment="who says so")
    received_at: Mapped[datetime]
