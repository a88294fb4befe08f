"""Alembic runs this module for each upgrade, on the connection that records/schema.py opened."""

from alembic import context

from records.migrations import is_ours
from records.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, include_name=is_ours
)
context.run_migrations()
