"""`assay bundle`: what can be said of a bundle that lies there."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from assay.output import say
from bundle import BundleError, read_bundle

bundle_app = typer.Typer(no_args_is_help=True, help="Look at a bundle.")


@bundle_app.callback()
def _bundle() -> None:
    """Keeps the command's name where it is the only one."""


@bundle_app.command()
def card(
    bundle: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle.")],
    form: Annotated[
        Literal["markdown", "html"] | None, typer.Option(help="Left out, html where --out ends in .html.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where it is written; left out, printed.")] = None,
) -> None:
    """Write a model card from the bundle alone: data, metrics with intervals, each class, limits, lineage.

    Example: assay bundle card build/bundles/DIGEST --out card.html
    """
    from assay.model_card import write_card

    text = write_card(read_bundle(bundle), form or ("html" if out and out.suffix == ".html" else "markdown"))
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BundleError(f"{out}: cannot be written: {error.strerror}") from error
    say(f"model card: {out}")
