"""Who may do what, on PostgreSQL: three roles that have no right but these.

    assay_predictor   inserts predictions; can read nothing, its own rows included
    assay_analyst     reads everything
    assay_console     reads everything, and keeps everything but predictions

The tables belong to whoever made them, which is none of these. A password reaches the server as its SCRAM verifier, so
that it is in no log of statements.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from records.database import explaining
from records.models import Base

ROLES = ("predictor", "analyst", "console")
MIGRATION_TABLE = "alembic_version"
"""Alembic's own: which migration the tables are at."""
_CONSOLE_CHANGES = ("deployments", "experiments", "feedback", "rollouts")  # the others are added to, never changed


@dataclass(frozen=True, slots=True)
class MadeRole:
    """A role as it is now."""

    name: str
    is_new: bool
    can_log_in: bool


def role_name(role: str) -> str:
    """Of `predictor`, `analyst` or `console` in the database."""
    return f"assay_{role}"


def make_roles(engine: Engine, passwords: Mapping[str, str | None]) -> list[MadeRole]:
    """Make the roles, give each the password that is given for it, and the rights above and no others.

    A role that gets no password keeps the one it has, and cannot log in while it has none. Can be repeated. Raises
    RecordsError, when the database's user may not make roles for one.
    """
    with explaining(engine), engine.begin() as connection:
        made = [_make_role(connection, role_name(role), passwords.get(role)) for role in ROLES]
        _grant(connection, ROLES)
        return made


def grant_rights(engine: Engine) -> list[str]:
    """Give the roles that there are their rights on the tables that there are; their names. Raises RecordsError."""
    with explaining(engine), engine.begin() as connection:
        known = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
        found = [role for role in ROLES if role_name(role) in known]
        _grant(connection, found)
        return [role_name(role) for role in found]


def _make_role(connection: Connection, name: str, password: str | None) -> MadeRole:
    can_log_in = connection.execute(text("SELECT rolcanlogin FROM pg_roles WHERE rolname = :name"), {"name": name})
    found = can_log_in.scalar()
    if found is None:
        connection.execute(text(f"CREATE ROLE {name} NOLOGIN"))
    if password is not None:
        driver = connection.connection.driver_connection
        verifier = driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()  # type: ignore[union-attr]
        connection.exec_driver_sql(f"ALTER ROLE {name} LOGIN PASSWORD '{verifier}'")  # of base64, : and $ alone
    return MadeRole(name, found is None, bool(found) or password is not None)


def _grant(connection: Connection, roles: tuple[str, ...] | list[str]) -> None:
    names = ", ".join(map(role_name, roles))
    if not names:
        return
    tables = sorted(Base.metadata.tables)
    kept = ", ".join(table for table in tables if table != "predictions")
    read = ", ".join([*tables, MIGRATION_TABLE])  # a program that reads makes sure that the tables are its own
    rights = {
        "predictor": ["INSERT ON predictions"],
        "analyst": [f"SELECT ON {read}"],
        "console": [
            f"SELECT ON {read}",
            f"INSERT ON {kept}",
            f"UPDATE ON {', '.join(_CONSOLE_CHANGES)}",
            "USAGE ON ALL SEQUENCES IN SCHEMA public",
        ],
    }
    database = connection.dialect.identifier_preparer.quote(connection.engine.url.database or "")
    connection.execute(text(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC, {names}"))
    connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {names}"))
    connection.execute(text(f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {names}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {names}"))
    connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {names}"))
    connection.execute(text(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {names}"))
    for role in roles:
        for right in rights[role]:
            connection.execute(text(f"GRANT {right} TO {role_name(role)}"))
