"""On PostgreSQL each role can do what it is for, and nothing else; its password is nowhere to be read."""

from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from records.database import Database, open_database
from records.models import Base
from records.months import make_months
from records.prediction_writer import PredictionWriter
from records.roles import ROLES, make_roles, role_name
from records.schema import upgrade
from tests.assay.program import assay
from tests.records.postgres_server import PostgresServer
from tests.records.predictions import NOW, make_rows

PASSWORDS = {role: f"it's-the-{role}'s:100%\\secret" for role in ROLES}
TABLES = sorted(Base.metadata.tables)
RIGHTS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
KEPT = {(table, "INSERT") for table in TABLES if table != "predictions"}
CHANGED = {(table, "UPDATE") for table in ("deployments", "experiments", "feedback", "rollouts")}
READ = {(table, "SELECT") for table in [*TABLES, "alembic_version"]}
EXPECTED = {"predictor": {("predictions", "INSERT")}, "analyst": READ, "console": READ | KEPT | CHANGED}


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """Of a database as `createdb` makes it, with the rights that everybody has there."""
    return postgres.create_database()


@pytest.fixture
def prepared(postgres_url: str) -> Iterator[Database]:
    database = open_database(postgres_url)
    upgrade(database)
    make_months(database, NOW)
    make_roles(database, PASSWORDS)
    yield database
    database.dispose()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_rights_that_it_is_for_and_no_others(prepared: Database, role: str) -> None:
    asked = text("SELECT has_table_privilege(:role, :table, :right)")
    with prepared.connect() as connection:
        months = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'predictions'::regclass")
        tables = [*TABLES, "alembic_version", *connection.execute(months).scalars()]
        held = {
            (table, right)
            for table, right in product(tables, RIGHTS)
            if connection.execute(asked, {"role": role_name(role), "table": table, "right": right}).scalar()
        }
        may_create = connection.execute(
            text(
                "SELECT has_schema_privilege(:role, 'public', 'CREATE') OR"
                " has_database_privilege(:role, current_database(), 'CREATE, TEMPORARY')"
            ),
            {"role": role_name(role)},
        ).scalar()
    assert len(tables) > len(TABLES) + 4
    assert held == EXPECTED[role]
    assert not may_create


def test_the_predictor_inserts_and_does_not_read_what_it_inserted(prepared: Database) -> None:
    login = prepared.url.set(username="assay_predictor", password=PASSWORDS["predictor"], drivername="postgresql")
    url = login.render_as_string(hide_password=False)
    with closing(PredictionWriter(url)) as writer:
        writer.write(make_rows(range(3)))
        writer.write(make_rows(range(5)))
    with prepared.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM predictions")).scalar() == 5
    with psycopg.connect(url) as connection:
        for refused in ("SELECT 1 FROM predictions", "DELETE FROM predictions", "INSERT INTO feedback VALUES (1)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
            connection.rollback()


def test_rights_that_somebody_added_are_taken_back(prepared: Database) -> None:
    with prepared.begin() as connection:
        connection.execute(text("GRANT ALL ON predictions TO assay_predictor"))
        connection.execute(text("GRANT SELECT ON feedback TO PUBLIC"))
    make_roles(prepared, {})
    with prepared.connect() as connection:
        for table, right in (("predictions", "SELECT"), ("feedback", "SELECT")):
            asked = text(f"SELECT has_table_privilege('assay_predictor', '{table}', '{right}')")
            assert not connection.execute(asked).scalar()


def test_the_command_takes_passwords_from_files_and_the_environment_and_shows_none(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    drop_roles(postgres)
    (tmp_path / "url").write_text(f"{postgres_url}\n")
    (tmp_path / "analyst").write_text("from the file\n")
    environment = {
        "ASSAY_DATABASE_URL_FILE": str(tmp_path / "url"),
        "ASSAY_DATABASE_PREDICTOR_PASSWORD": "from-the-environment",
        "ASSAY_DATABASE_ANALYST_PASSWORD_FILE": str(tmp_path / "analyst"),
    }
    done = assay("db", "create", environment=environment)
    assert done.code == 0, done.stderr
    said = done.stdout + done.stderr
    assert "role assay_predictor: made, can log in" in said
    assert "role assay_console: made, has no password: cannot log in" in said
    database = postgres_url.rpartition("/")[2]
    psycopg.connect(postgres.url(database, "assay_predictor", "from-the-environment")).close()
    as_analyst = {"ASSAY_DATABASE_URL": postgres.url(database, "assay_analyst", "from the file")}
    asked = assay("db", "query", "daily-accuracy", environment=as_analyst)
    assert asked.code == 0, asked.stderr
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url(database, "assay_console", ""))
    for secret in ("from-the-environment", "from the file", "of the administrator", "of%20the%20administrator"):
        assert secret not in said
        assert secret not in postgres.log()
    again = assay("db", "create", environment={"ASSAY_DATABASE_URL": postgres_url})
    assert "role assay_predictor: was there already, can log in" in again.stderr
    psycopg.connect(postgres.url(database, "assay_predictor", "from-the-environment")).close()


def drop_roles(postgres: PostgresServer) -> None:
    """Those that other tests made, with their rights in all databases."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datallowconn")]
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^assay_'")}
        for name in names if known else []:
            with psycopg.connect(postgres.url(name), autocommit=True) as there:
                there.execute(f"DROP OWNED BY {', '.join(known)}")
        for role in known:
            connection.execute(f"DROP ROLE {role}")
