"""`assay keys`: who may ask a predictor or a console for what."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from access.scopes import Scope
from assay.output import print_json, print_lines, say

keys_app = typer.Typer(
    no_args_is_help=True,
    help="Make, list and revoke the keys of a server. The file of keys holds their hashes alone; a server that has it "
    "(ASSAY_KEYS_FILE, ASSAY_CONSOLE_KEYS_FILE) reads it again within a second of a change.",
)

FileOption = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="The file of keys.  [default: ASSAY_KEYS_FILE]")
]


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is; several may have one name.")],
    scope: Annotated[list[Scope], typer.Option("--scope", help="What it allows; can be given several times.")],
    file: FileOption = None,
    days: Annotated[float | None, typer.Option(min=0, help="It expires then.  [default: never]")] = None,
    overlap_hours: Annotated[
        float | None, typer.Option(min=0, help="Replace those of the same name: they expire after so many hours.")
    ] = None,
) -> None:
    """Make a key and print it, once: nobody can read it again.

    Example: assay keys create ci --scope infer --scope read --days 90 --file build/keys.json
    """
    from access.key_file import create_key

    now = datetime.now(UTC)
    stored, key = create_key(
        _file(file),
        name,
        scope,
        now=now,
        expires_at=now + timedelta(days=days) if days is not None else None,
        others_expire_at=now + timedelta(hours=overlap_hours) if overlap_hours is not None else None,
    )
    typer.echo(key)
    say(f"key {stored.id} of {name}: {', '.join(stored.scopes)}; {_until(stored.expires_at)}; it is shown this once")


@keys_app.command("list")
def list_keys(
    file: FileOption = None, json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False
) -> None:
    """Show whose keys there are, what they allow, and until when.

    Example: assay keys list --file build/keys.json
    """
    from access.key_file import read_keys

    keys, now = read_keys(_file(file)), datetime.now(UTC)
    if json:
        shown = [one.model_dump(mode="json", exclude={"sha256"}) | {"valid": one.is_valid_at(now)} for one in keys]
        print_json({"keys": shown})
        return
    width = max((len(one.name) for one in keys), default=0)
    print_lines(
        f"{one.id}  {one.name:{width}}  {','.join(one.scopes)}  "
        + (_until(one.expires_at) if one.is_valid_at(now) else "has expired")
        for one in keys
    )


@keys_app.command()
def revoke(
    which: Annotated[str, typer.Argument(metavar="ID|NAME", help="One key by its id, or all of a name.")],
    file: FileOption = None,
    after_hours: Annotated[float, typer.Option(min=0, help="Not now, but then.")] = 0.0,
) -> None:
    """Let a key expire, now or later.

    Example: assay keys revoke ci --file build/keys.json
    """
    from access.key_file import revoke_keys

    now = datetime.now(UTC)
    for one in revoke_keys(_file(file), which, at=now + timedelta(hours=after_hours), now=now):
        say(f"key {one.id} of {one.name}: {'revoked' if after_hours == 0 else _until(one.expires_at)}")


def _file(given: Path | None) -> Path:
    from predictor.settings import PredictorSettings

    found = given or PredictorSettings().keys_file
    if found is None:
        raise typer.BadParameter("it is missing; expected it, or the variable ASSAY_KEYS_FILE", param_hint="--file")
    return found


def _until(moment: datetime | None) -> str:
    return "does not expire" if moment is None else f"valid until {moment:%Y-%m-%d %H:%M:%S} UTC"
