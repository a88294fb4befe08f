"""`assay split`: run this machine's gateway, and show or change how it splits the traffic."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.output import print_json, print_lines, say

if TYPE_CHECKING:
    from promotion.routers.envoy import RevisionEndpoint

split_app = typer.Typer(
    no_args_is_help=True, help="Run this machine's gateway (Envoy); show and set how it splits the traffic."
)

GatewayOption = Annotated[
    Path, typer.Option("--gateway", metavar="DIR", help="The gateway's directory: all that it is and writes.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DEFAULT_GATEWAY = Path("build/gateway")
CONFIRM_SECONDS = 10.0


@split_app.command()
def run(
    stable: Annotated[
        str, typer.Option(metavar="NAME=URL", help="The revision that serves: v1=http://127.0.0.1:8001.")
    ],
    canary: Annotated[str | None, typer.Option(metavar="NAME=URL", help="A canary, at 0 %.")] = None,
    gateway: GatewayOption = DEFAULT_GATEWAY,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
) -> None:
    """Run the gateway until it is interrupted. Everything goes to stable until a split is set.

    Spans go where OpenTelemetry's OTEL_EXPORTER_OTLP_ENDPOINT says, if it does.

    Example: assay split run --stable v1=http://127.0.0.1:8001
    """
    from predictor.errors import SettingsError
    from predictor.settings import TracingSettings
    from promotion.routers.envoy import EnvoyProcess

    traces_url = TracingSettings().endpoint
    if traces_url and not traces_url.startswith("http://"):
        raise SettingsError(f"the gateway cannot send traces to {traces_url}; expected http://, a collector close by")
    signal.signal(signal.SIGTERM, _interrupt)
    stable_endpoint = parse_revision(stable)
    canary_endpoint = parse_revision(canary) if canary else None
    try:
        with EnvoyProcess.start(gateway, stable_endpoint, port=port, host=host, traces_url=traces_url) as process:
            if canary_endpoint is not None:
                process.router.assign("canary", canary_endpoint)
            say(f"the gateway listens on http://{host}:{port}; stop it with Ctrl-C; its directory is {gateway}")
            process.wait()
            say("Envoy ended by itself; its log is in the gateway's directory")
            raise typer.Exit(1)
    except KeyboardInterrupt:
        say("the gateway has stopped")


@split_app.command()
def show(gateway: GatewayOption = DEFAULT_GATEWAY, json: JsonOption = False) -> None:
    """Show who has which role, the split that was asked for, and what was counted.

    Example: assay split show --json
    """
    from promotion.routers.envoy import EnvoyRequestCounter, EnvoyRouter

    router = EnvoyRouter(gateway)
    split, revisions = router.read_split(), router.read_revisions()
    counts = EnvoyRequestCounter(gateway).read_counts()
    canary, mirrored = revisions.canary, ", which is sent copies of all requests" if split.mirrors else ""
    if json:
        print_json(
            {
                "canary_percent": split.canary_percent,
                "mirrors": split.mirrors,
                "stable": {"revision": revisions.stable.name, "url": revisions.stable.url},
                "canary": {"revision": canary.name, "url": canary.url} if canary else None,
                "requests": {"stable": counts.stable, "canary": counts.canary, "failed": counts.failed},
            }
        )
        return
    print_lines(
        [
            f"split    {100 - split.canary_percent} % stable, {split.canary_percent} % canary{mirrored}",
            f"stable   {revisions.stable.name} at {revisions.stable.url}, {counts.stable} requests answered",
            f"canary   {canary.name} at {canary.url}, {counts.canary} requests answered" if canary else "canary   none",
            f"failed   {counts.failed} requests",
        ]
    )


@split_app.command("set")
def set_split(
    percent: Annotated[int, typer.Argument(min=0, max=100, help="The canary's share of the inference requests.")],
    gateway: GatewayOption = DEFAULT_GATEWAY,
) -> None:
    """Set the split by hand, past the gate, and wait until it is in force. A rollout that is under way goes back.

    Example: assay split set 0
    """
    from promotion.routers.envoy import EnvoyRouter

    router = EnvoyRouter(gateway)
    if percent == 0:
        router.restore_stable()
    else:
        router.confirm_split(router.write_split(percent, router.read_split()), CONFIRM_SECONDS)
    print_lines([f"{percent} % goes to the canary"])


@split_app.command()
def assign(
    role: Annotated[str, typer.Argument(metavar="stable|canary", help="The role.")],
    revision: Annotated[str, typer.Argument(metavar="NAME=URL|none", help="Who takes it; only a canary may be none.")],
    gateway: GatewayOption = DEFAULT_GATEWAY,
) -> None:
    """Give a role to a revision, and wait until the gateway has it. A new canary begins at 0 %.

    Example: assay split assign canary v2=http://127.0.0.1:8002
    """
    from promotion.routers.envoy import EnvoyRouter

    if role not in {"stable", "canary"}:
        raise typer.BadParameter(f"{role!r}: expected stable or canary", param_hint="role")
    if revision == "none" and role == "stable":
        raise typer.BadParameter("stable has to be a revision", param_hint="revision")
    endpoint = None if revision == "none" else parse_revision(revision)
    EnvoyRouter(gateway).assign("stable" if role == "stable" else "canary", endpoint)
    print_lines([f"{role} is {endpoint.name} at {endpoint.url}" if endpoint else f"{role} is none"])


@split_app.command()
def adopt(gateway: GatewayOption = DEFAULT_GATEWAY) -> None:
    """Make the canary the stable revision, once all traffic goes to it. No request fails, nothing is restarted.

    Example: assay split adopt
    """
    from promotion.routers.envoy import EnvoyRouter

    router = EnvoyRouter(gateway)
    router.adopt_canary()
    stable = router.read_revisions().stable
    print_lines([f"stable is {stable.name} at {stable.url}; there is no canary"])


def parse_revision(text: str) -> "RevisionEndpoint":
    """The revision that `NAME=URL` names. Raises typer.BadParameter."""
    import httpx

    from promotion.routers.envoy import RevisionEndpoint

    name, _, url = text.partition("=")
    try:
        parsed = httpx.URL(url)
        if parsed.scheme != "http" or parsed.port is None:
            raise ValueError("expected a URL such as http://127.0.0.1:8001")
        return RevisionEndpoint(name, parsed.host, parsed.port)
    except (ValueError, httpx.InvalidURL) as error:
        raise typer.BadParameter(f"{text!r}: {error}; expected NAME=URL such as v1=http://127.0.0.1:8001") from error


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
