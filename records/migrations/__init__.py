"""How a database gets the tables: Alembic's environment, and the migrations in versions/."""

from typing import Any


def is_ours(name: str | None, kind: str, _: Any) -> bool:
    """Whether the models say how it is: not so a single month's table, which comes and goes without a migration."""
    return not (kind == "table" and name is not None and name.startswith("predictions_"))
