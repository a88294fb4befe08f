"""What a migration has to do for the models as they are now: `make db-migration` prints it.

    python -m records.draft_migration

A person puts it into a file of migrations/versions; the tests hold the files to the models on both databases.
"""

import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData

from records.database import open_database
from records.migrations import is_ours
from records.models import Base
from records.schema import upgrade


def draft_migration(models: MetaData) -> str:
    """The body of `upgrade()` from the newest migration to `models`; `pass` where nothing differs."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'draft.db'}")
        upgrade(database)
        with database.connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_name": is_ours})
            operations = produce_migrations(context, models).upgrade_ops
        database.dispose()
    return render_python_code(operations) if operations else "pass"


if __name__ == "__main__":
    print(draft_migration(Base.metadata))
