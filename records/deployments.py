"""Which bundle has which role where, and when: what becomes known late finds its place among what is there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, update

from records.database import Database, add_missing, explaining
from records.models import Deployment

Role = Literal["stable", "canary"]


class DeploymentRow(NamedTuple):
    """A bundle in a role from a moment on; its columns say what each field is."""

    environment: str
    revision: str
    bundle_digest: str
    role: Role
    rollout_id: int | None
    deployed_at: datetime


class DeploymentFound(NamedTuple):
    """The same, and its end."""

    deployed: DeploymentRow
    retired_at: datetime | None
    """None while it has the role."""


_FOUND = select(*(getattr(Deployment, name) for name in DeploymentRow._fields), Deployment.retired_at)


def record_deployment(database: Database, deployed: DeploymentRow) -> bool:
    """The role is this bundle's from `deployed_at` on, and no other's; whether that was not known.

    Where it had the role then, nothing changes. Can be repeated. Raises DatabaseUnreachable, DatabaseRefuses.
    """
    at = deployed.deployed_at
    of_role = _of_role(deployed.environment, deployed.role)
    with explaining(database), database.begin() as connection:
        holder = _holder(connection, of_role, at)
        if holder and holder.deployed[:3] == deployed[:3]:
            return False
        later = select(func.min(Deployment.deployed_at)).where(of_role, Deployment.deployed_at > at)
        ends = (connection.execute(later).scalar(), holder.retired_at if holder else None)
        retired_at = min((moment for moment in ends if moment), default=None)
        if not add_missing(connection, Deployment, [{**deployed._asdict(), "retired_at": retired_at}]):
            return False
        if holder:
            was_held = (of_role, Deployment.deployed_at == holder.deployed.deployed_at)
            connection.execute(update(Deployment).where(*was_held).values(retired_at=at))
        return True


def retire(database: Database, environment: str, role: Role, at: datetime) -> None:
    """Nobody has the role from `at` on, until it is given anew. Can be repeated. Raises RecordsError."""
    of_role = _of_role(environment, role)
    with explaining(database), database.begin() as connection:
        if holder := _holder(connection, of_role, at):
            was_held = (of_role, Deployment.deployed_at == holder.deployed.deployed_at)
            connection.execute(update(Deployment).where(*was_held).values(retired_at=at))


def list_deployments(database: Database, *, environment: str | None = None, limit: int = 100) -> list[DeploymentFound]:
    """The newest `limit` deployments, of one environment or of all, the newest first. Raises RecordsError."""
    asked = _FOUND.order_by(Deployment.deployed_at.desc(), Deployment.id.desc()).limit(limit)
    if environment is not None:
        asked = asked.where(Deployment.environment == environment)
    with explaining(database), database.connect() as connection:
        return [_read(row) for row in connection.execute(asked)]


def _of_role(environment: str, role: Role) -> ColumnElement[bool]:
    return (Deployment.environment == environment) & (Deployment.role == role)


def _holder(connection: Connection, of_role: ColumnElement[bool], at: datetime) -> DeploymentFound | None:
    """Who had the role at `at`."""
    began = _FOUND.where(of_role, Deployment.deployed_at <= at).order_by(Deployment.deployed_at.desc()).limit(1)
    row = connection.execute(began).one_or_none()
    if row is None or (row.retired_at is not None and row.retired_at <= at):
        return None
    return _read(row)


def _read(row: Sequence[Any]) -> DeploymentFound:
    *deployed, retired_at = row
    return DeploymentFound(DeploymentRow(*deployed), retired_at)
