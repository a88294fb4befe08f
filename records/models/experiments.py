"""Training runs, the bundles that they made, and where these were deployed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class Experiment(Base):
    """One training run."""

    __tablename__ = "experiments"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'finished', 'failed', 'cancelled')", name="state"),
        {"comment": "one training run each"},
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="the integer that names it everywhere")
    name: Mapped[str]
    state: Mapped[str] = mapped_column(comment="waiting, running, finished, failed or cancelled")
    parameters: Mapped[dict[str, Any]] = mapped_column(comment="as params.yaml gives them")
    training_data: Mapped[list[Any]] = mapped_column(comment="name, digest and rows of each part that it learned from")
    holdout: Mapped[dict[str, Any] | None] = mapped_column(comment="name, digest and rows of what it was measured on")
    metrics: Mapped[dict[str, Any] | None] = mapped_column(comment="on the holdout; none before it has finished")
    commit: Mapped[str] = mapped_column(comment="of the code that trained, or unknown")
    mlflow_run_id: Mapped[str | None] = mapped_column(comment="where it is tracked by MLflow, too")
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Bundle(Base):
    """What training makes and a predictor serves."""

    __tablename__ = "bundles"
    __table_args__ = {"comment": "what was trained and can be served, by digest"}  # noqa: RUF012

    digest: Mapped[str] = mapped_column(primary_key=True, comment="sha256:…, of everything in it")
    model: Mapped[str]
    version: Mapped[int] = mapped_column(comment="counts the bundles of a model")
    task: Mapped[str] = mapped_column(comment="classification, regression or inference")
    experiment_id: Mapped[int | None] = mapped_column(
        ForeignKey("experiments.id"), index=True, comment="the run that made it; none for a model from elsewhere"
    )
    manifest: Mapped[dict[str, Any]] = mapped_column(comment="the bundle's manifest.json")
    added_at: Mapped[datetime]


class Deployment(Base):
    """A bundle in a role, from one moment to another.

    It refers to no row of `bundles`: a model that was made elsewhere is deployed, too.
    """

    __tablename__ = "deployments"
    __table_args__ = (
        CheckConstraint("role IN ('stable', 'canary')", name="role"),
        UniqueConstraint("environment", "role", "deployed_at"),
        {"comment": "which bundle had which role, and when"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    environment: Mapped[str] = mapped_column(comment="where: NAMESPACE/RELEASE, or MACHINE:DIR of a gateway")
    revision: Mapped[str] = mapped_column(comment="the name that the bundle is served under")
    bundle_digest: Mapped[str] = mapped_column(index=True, comment="which may be one that `bundles` does not know")
    role: Mapped[str] = mapped_column(comment="stable or canary")
    rollout_id: Mapped[int | None] = mapped_column(
        ForeignKey("rollouts.id"), index=True, comment="the rollout that it was part of; none for a first revision"
    )
    deployed_at: Mapped[datetime]
    retired_at: Mapped[datetime | None] = mapped_column(comment="none while it has the role")
