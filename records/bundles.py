"""Bundles by digest, each with its manifest: what was trained and can be served."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from records.database import Database, add_missing, explaining
from records.errors import NotRecorded
from records.models import Bundle, Experiment


class BundleFound(NamedTuple):
    """A bundle as it was added."""

    digest: str
    model: str
    version: int
    task: str
    experiment_id: int | None
    manifest: dict[str, Any]
    added_at: datetime


_FOUND = select(*(getattr(Bundle, name) for name in BundleFound._fields))


def record_bundle(database: Database, digest: str, manifest: Mapping[str, Any], at: datetime) -> bool:
    """Keep the bundle `digest`, whose manifest.json says `manifest`; whether it was not there yet.

    It is of the experiment that its lineage names where that is recorded, and of none else. Can be repeated. Raises
    KeyError for what is no manifest, DatabaseUnreachable, DatabaseRefuses.
    """
    lineage = manifest.get("lineage") or {}
    known = select(Experiment.id).where(Experiment.id == lineage.get("experiment_id"))
    with explaining(database), database.begin() as connection:
        row = {
            "digest": digest,
            "model": manifest["model"],
            "version": manifest["version"],
            "task": manifest.get("task", "classification"),
            "experiment_id": connection.execute(known).scalar(),
            "manifest": dict(manifest),
            "added_at": at,
        }
        return bool(add_missing(connection, Bundle, [row]))


def find_bundle(database: Database, digest: str) -> BundleFound:
    """The bundle. Raises NotRecorded, DatabaseUnreachable, DatabaseRefuses."""
    with explaining(database), database.connect() as connection:
        row = connection.execute(_FOUND.where(Bundle.digest == digest)).one_or_none()
    if row is None:
        raise NotRecorded(f"there is no bundle {digest}")
    return BundleFound(*row)


def list_bundles(database: Database, *, experiment_id: int | None = None, limit: int = 100) -> list[BundleFound]:
    """The newest `limit` bundles, of one experiment or of all, the newest first. Raises RecordsError."""
    asked = _FOUND.order_by(Bundle.added_at.desc(), Bundle.digest).limit(limit)
    if experiment_id is not None:
        asked = asked.where(Bundle.experiment_id == experiment_id)
    with explaining(database), database.connect() as connection:
        return [BundleFound(*row) for row in connection.execute(asked)]
