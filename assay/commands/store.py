"""`assay store`: keep bundles and holdouts by digest; push them there, and fetch them from there."""

from pathlib import Path
from typing import Annotated

import typer

from assay.labelled_data import load_rows
from assay.output import print_json, print_lines, say
from content_store.content_name import Kind

store_app = typer.Typer(
    no_args_is_help=True, help="Keep bundles and holdouts by digest: run a store, push to it, fetch from it."
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
TimeoutOption = Annotated[
    float, typer.Option("--timeout-seconds", min=0, help="How long to try again while the store does not answer.")
]


@store_app.command()
def run(
    directory: Annotated[Path, typer.Option(metavar="DIR", help="Where everything is kept; made if it is missing.")],
    host: Annotated[str, typer.Option(help="Address to listen on; whoever reaches it may add to the store.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")] = 8080,
    limit_bytes: Annotated[
        int, typer.Option(min=1024, help="The largest bundle, and the memory that a holdout may take.")
    ] = 512 * 2**20,
    idle_seconds: Annotated[float, typer.Option(min=0.1, help="How long an upload may stand still.")] = 60.0,
    finish_seconds: Annotated[
        int, typer.Option(min=1, help="How long what is in flight has after SIGTERM or Ctrl-C.")
    ] = 20,
) -> None:
    """Run a store until SIGTERM or Ctrl-C, then finish what is in flight.

    Example: assay store run --directory build/store --port 8090
    """
    from content_store.limits import Limits
    from content_store.server import run_store

    limits = Limits(content_bytes=limit_bytes, idle_seconds=idle_seconds, finish_seconds=finish_seconds)
    run_store(directory, host=host, port=port, limits=limits, report=say)


@store_app.command()
def push(
    store: Annotated[str, typer.Option(metavar="URL", help="The store: http://127.0.0.1:8090.")],
    bundle: Annotated[Path | None, typer.Option(metavar="DIR", help="The bundle to push.")] = None,
    holdout: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="The rows to push: digits:holdout, or a .csv, .csv.gz or .parquet."),
    ] = None,
    timeout_seconds: TimeoutOption = 120.0,
    json: JsonOption = False,
) -> None:
    """Push a bundle or a holdout, read it back, and print its digest. What is there already is only read back.

    Example: assay store push --store http://127.0.0.1:8090 --bundle build/bundles/DIGEST
    """
    from access.caller import OwnCredentials
    from content_store.push import Push

    if (bundle is None) == (holdout is None):
        raise typer.BadParameter("expected one of --bundle and --holdout")
    push_to = Push(store, timeout_seconds, say, OwnCredentials.read())
    pushed = push_to.bundle(bundle) if bundle is not None else push_to.holdout(load_rows(holdout or ""))
    say(f"{pushed.content.kind} {'stored' if pushed.is_new else 'was there already'}, and verified: {pushed.url}")
    if json:
        print_json(
            {
                "kind": pushed.content.kind,
                "digest": pushed.content.digest,
                "url": pushed.url,
                "is_new": pushed.is_new,
            }
        )
    else:
        print_lines([pushed.content.digest])


@store_app.command()
def fetch(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="URL",
            help="http(s)://HOST/bundles/…, a store with --kind, s3://BUCKET/KEY, or file:///….",
        ),
    ],
    digest: Annotated[str, typer.Option(metavar="sha256:…", help="What it has to be.")],
    to: Annotated[Path, typer.Option(metavar="PATH", help="A bundle's directory, or a holdout's CSV file.")],
    kind: Annotated[Kind | None, typer.Option(help="What it is, where the URL is only a store's.")] = None,
    timeout_seconds: TimeoutOption = 120.0,
    json: JsonOption = False,
) -> None:
    """Fetch a bundle or a holdout, and let it stand at PATH once it is verified. What stands there already is left.

    Example: assay store fetch --from http://127.0.0.1:8090 --kind bundle --digest sha256:… --to build/fetched
    """
    from access.caller import OwnCredentials
    from content_store.fetch import fetch_content

    own = OwnCredentials.read()
    fetched = fetch_content(source, digest, to, kind=kind, timeout_seconds=timeout_seconds, report=say, credentials=own)
    say(f"{fetched.content.kind} {'fetched' if fetched.is_new else 'was there already'}, and verified: {fetched.path}")
    if json:
        print_json(
            {
                "kind": fetched.content.kind,
                "digest": fetched.content.digest,
                "path": str(fetched.path),
                "is_new": fetched.is_new,
            }
        )
    else:
        print_lines([str(fetched.path)])
