"""`assay db`: the database of records: make it, load data sets into it, ask it, and let go of what is too old."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.commands.rollout_place import (
    DEFAULT_GATEWAY,
    DEFAULT_OUT,
    GatewayOption,
    NamespaceOption,
    OutOption,
    ReleaseOption,
    watch_rollouts,
)
from assay.commands.train import SPEC_HELP
from assay.labelled_data import load_rows_by_part
from assay.output import print_json, print_lines, say
from assay.progress import ShareDone
from assay.whoami import rollout_environment
from dataset import HOLDOUT_PART

if TYPE_CHECKING:
    from records.database import Database
    from records.named_queries import NamedQuery

db_app = typer.Typer(
    no_args_is_help=True,
    help="Keep records in a database: make it, load data sets, ask it. ASSAY_DATABASE_URL says which, or "
    "ASSAY_DATABASE_URL_FILE, a file with the URL.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@db_app.command()
def create(
    roles: Annotated[
        bool, typer.Option("--roles/--no-roles", help="Make the roles, too; the URL's user has to be allowed to.")
    ] = True,
) -> None:
    """Make the tables and, on PostgreSQL, three roles with the fewest rights: predictor, analyst, console.

    A role's password comes from ASSAY_DATABASE_PREDICTOR_PASSWORD (…_ANALYST_…, …_CONSOLE_…), or from the file that
    the variable of that name and _FILE names. Can be repeated: it changes what is missing, and the passwords.

    Example: ASSAY_DATABASE_URL=sqlite:///build/records.db assay db create
    """
    from records.database import is_postgresql
    from records.roles import ROLES, make_roles
    from records.settings import DatabaseSettings

    settings = DatabaseSettings.read()
    passwords = {role: settings.password_of(role) for role in ROLES}
    with _open() as database:
        _bring_up_to_date(database)
        if is_postgresql(database) and roles:
            for made in make_roles(database, passwords):
                what = "made" if made.is_new else "was there already"
                say(
                    f"role {made.name}: {what}, {'can log in' if made.can_log_in else 'has no password: cannot log in'}"
                )


@db_app.command("secrets")
def write_secrets(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; it becomes its owner's alone.")],
    host: Annotated[
        str, typer.Option(metavar="HOST[:PORT]", help="Where the server is, as its users see it: assay-database.")
    ],
) -> None:
    """Write random passwords for a new PostgreSQL and its roles, and the URLs with them, each as a file.

    For the chart, kubectl create secret generic NAME --from-file=DIR makes the Secret of them; compose.yaml takes them
    from build/secrets. A file that is there is left as it is, so it can be repeated.

    Example: assay db secrets build/secrets --host db
    """
    from records.secret_files import write_secret_files

    made = write_secret_files(folder, host)
    print_lines(f"made  {folder / name}" for name in made)


@db_app.command()
def upgrade() -> None:
    """Bring the tables to what this version of the program expects, and make the next months' tables of predictions.

    Can be repeated, and run by several at once. There is no way back but a backup.

    Example: assay db upgrade
    """
    from records.database import is_postgresql
    from records.roles import grant_rights

    with _open() as database:
        _bring_up_to_date(database)
        if is_postgresql(database) and (found := grant_rights(database)):
            say(f"rights of {', '.join(found)}: as they should be")


@db_app.command()
def prune(
    older_than: Annotated[str, typer.Option(metavar="DAYS", help="Such as 90d: how long predictions are kept.")],
    json: JsonOption = False,
) -> None:
    """Let go of old predictions, and make the next months' tables of new ones. For a cron job, once a day or a month.

    On PostgreSQL whole months go, once all of one is older. Nothing else is ever removed.

    Example: assay db prune --older-than 90d
    """
    from records.months import make_months
    from records.months import prune as let_go
    from records.schema import require_current

    if not (days := re.fullmatch(r"([0-9]{1,5})d", older_than)):
        raise typer.BadParameter(f"--older-than {older_than}: expected days, such as 90d")
    now = datetime.now(UTC)
    with _open() as database:
        require_current(database)
        pruned = let_go(database, older_than=now - timedelta(days=int(days[1])))
        made = make_months(database, now)
    if json:
        print_json({"dropped": pruned.months, "deleted_rows": pruned.rows, "made": made})
    else:
        print_lines([*(f"dropped  {table}" for table in pruned.months), f"deleted  {pruned.rows} predictions"])
        print_lines(f"made     {table}" for table in made)


@db_app.command("load-dataset")
def load_dataset(
    specification: Annotated[str, typer.Argument(metavar="SPEC", help=f"The rows: {SPEC_HELP}.")],
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="The data set they belong to; a built-in's or the file's name.")
    ] = None,
    holdout: Annotated[bool, typer.Option("--holdout", help="No training may see these rows.")] = False,
    json: JsonOption = False,
) -> None:
    """Load a data set's own rows, part by part; of a built-in's bare name all parts, with the holdout.

    A part that is there already is left as it is, so it can be repeated; a part that was begun is there altogether
    or not at all.

    Example: assay db load-dataset digits
    """
    from records.dataset_writer import PartRows, write_part
    from records.schema import require_current

    parts = load_rows_by_part(specification)
    name = dataset or _dataset_name(specification)
    loaded = []
    with _open() as database:
        require_current(database)
        for part_name, rows in parts.items():
            is_holdout = holdout or part_name == HOLDOUT_PART
            part = PartRows(
                dataset=name,
                name=part_name,
                role="holdout" if is_holdout else "training",
                digest=rows.digest,
                output_feature=rows.output_feature,
                feature_names=rows.feature_names,
                categories=rows.categories,
                features=rows.features,
                labels=rows.labels,
            )
            is_new = write_part(database, part, ShareDone(f"{name}, {part_name}"))
            loaded.append({"part": part_name, "digest": rows.digest, "rows": len(rows), "is_new": is_new})
    if json:
        print_json({"dataset": name, "parts": loaded})
    else:
        print_lines(
            f"{'loaded' if one['is_new'] else 'was there':9}  {one['rows']:6} rows  {one['digest']}  {one['part']}"
            for one in loaded
        )


@db_app.command("load-rollouts")
def load_rollouts(
    out: OutOption = DEFAULT_OUT,
    gateway: GatewayOption = DEFAULT_GATEWAY,
    release: ReleaseOption = None,
    namespace: NamespaceOption = "default",
    json: JsonOption = False,
) -> None:
    """Write the rollouts that are kept, with their steps, verdicts and roles, as `assay promote` does while it runs.

    For what happened while the database was away, or before there was one. Can be repeated.

    Example: assay db load-rollouts --out build/rollouts
    """
    from assay.recorded_rollouts import write_recorded_rollout
    from records.schema import require_current

    watch = watch_rollouts(out, gateway, release, namespace, None)
    kept = watch.read_kept()
    with _open() as database:
        require_current(database)
        for record in kept:
            environment = rollout_environment(gateway, release, namespace)
            write_recorded_rollout(database, environment, record, watch.read_evidence(record))
    if json:
        print_json({"rollouts": [{"rollout_id": record.rollout_id, "state": str(record.state)} for record in kept]})
    else:
        print_lines(f"rollout {record.rollout_id}  {record.state}" for record in kept)


def _dataset_name(specification: str) -> str:
    name = Path(specification.partition(":")[0]).name
    return name.removesuffix(".gz").removesuffix(".csv").removesuffix(".parquet")


@db_app.command()
def query(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Which question; without one they are listed.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Argument(metavar="[PARAMETER=VALUE…]", help="Such as since=2026-11-01 limit=50.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Ask the database a question that is kept with the program: daily accuracy, confused classes, and so on.

    Example: assay db query daily-accuracy since=2026-11-01
    """
    from records.named_queries import all_queries, ask, find_query, lines_of
    from records.schema import require_current

    if name is None:
        return _list_queries(all_queries(), json)
    given = dict(_read_parameter(parameter) for parameter in parameters or [])
    asked = find_query(name)
    with _open() as database:
        require_current(database)
        answer = ask(database, asked, given)
    if json:
        print_json({"columns": answer.columns, "rows": answer.rows})
    else:
        print_lines(lines_of(answer))
    return None


def _list_queries(queries: "list[NamedQuery]", is_json: bool) -> None:
    if is_json:
        print_json({"queries": [asdict(query) for query in queries]})
        return
    for query in queries:
        print_lines([query.name, f"    {query.meaning}"])
        print_lines(f"    {one.name}={one.default}  {one.meaning}" for one in query.parameters)


def _read_parameter(given: str) -> tuple[str, str]:
    name, is_given, value = given.partition("=")
    if not is_given:
        raise typer.BadParameter(f"{given}: expected PARAMETER=VALUE, such as limit=50")
    return name, value


def _bring_up_to_date(database: "Database") -> None:
    from records.database import place_of
    from records.months import make_months
    from records.schema import newest_migration
    from records.schema import upgrade as bring_up

    is_changed = bring_up(database)
    say(f"{place_of(database)}: {'brought to' if is_changed else 'is at'} migration {newest_migration()}")
    if made := make_months(database, datetime.now(UTC)):
        say(f"months' tables made: {', '.join(made)}")


@contextmanager
def _open() -> "Iterator[Database]":
    from records.database import open_database
    from records.settings import DatabaseSettings

    database = open_database(DatabaseSettings.read().database_url())
    try:
        yield database
    finally:
        database.dispose()


@db_app.callback()
def _require_libraries() -> None:
    from records.errors import DatabaseNotSet

    for library in ("sqlalchemy", "alembic", "psycopg"):
        if find_spec(library) is None:
            raise DatabaseNotSet(f"{library} is not installed here; expected assay[records] to be")
