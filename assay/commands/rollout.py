"""`assay rollout`: look at the rollouts of this machine or of a release in a cluster, approve a step, end one."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.commands.promote import CLUSTER
from assay.commands.rollout_hand_in import labels, rows
from assay.commands.rollout_place import (
    DEFAULT_GATEWAY,
    DEFAULT_OUT,
    GatewayOption,
    NamespaceOption,
    OutOption,
    ReleaseOption,
    name_place,
    orders_of,
    require_rollout,
    watch_rollouts,
)
from assay.whoami import who

if TYPE_CHECKING:
    from rich.console import RenderableType

    from assay.rollout_watch import RolloutWatch
    from promotion.rollout.abort import RolloutAbort
    from promotion.rollout.record import RolloutRecord
    from promotion.rollout.status import RolloutStatus

rollout_app = typer.Typer(
    no_args_is_help=True,
    help="Look at rollouts, approve their steps, end them, here (`--out`) or in a cluster (`--release`).",
)
rollout_app.command()(labels)
rollout_app.command()(rows)

StatsOption = Annotated[
    str | None,
    typer.Option("--gateway-stats-url", metavar="URL", help="What the gateway counts.", rich_help_panel=CLUSTER),
]
UNDER_WAY = 20
"""The exit code of a look at a rollout that has not ended."""
POLL_SECONDS = 0.5


@rollout_app.command()
def status(
    watch: Annotated[bool, typer.Option("--watch", help="Go on looking until the rollout ends.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON; with --watch a line for each change.")] = False,
    out: OutOption = DEFAULT_OUT,
    gateway: GatewayOption = DEFAULT_GATEWAY,
    release: ReleaseOption = None,
    namespace: NamespaceOption = "default",
    gateway_stats_url: StatsOption = None,
) -> None:
    """Show the newest rollout: its state, the split asked and observed, its verdict, the time left, its history.

    It is read from the rollout's record, whether the promoter runs or not. The exit code: how the rollout ended
    (0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE, 12 ERROR), 20 while it is under way, 1 where there is none.

    Example: assay rollout status --watch
    """
    place = watch_rollouts(out, gateway, release, namespace, gateway_stats_url)
    seen = require_rollout(place.read_status(), out, release)
    if watch:
        seen = _follow_as_json(place, seen) if json else _follow(place, seen)
    elif json:
        _print_json(seen, indent=2)
    else:
        _show(seen)
    raise typer.Exit(_exit_code(seen.rollout))


@rollout_app.command()
def history(
    json: Annotated[bool, typer.Option("--json", help="Print the records, a line each, oldest first.")] = False,
    out: OutOption = DEFAULT_OUT,
    release: ReleaseOption = None,
    namespace: NamespaceOption = "default",
) -> None:
    """List the rollouts that are kept: all of them on this machine, the newest six in a cluster.

    Example: assay rollout history --release assay --namespace shop
    """
    from assay.rollout_view import show_kept
    from promotion.rollout.record import record_to_line

    kept = watch_rollouts(out, DEFAULT_GATEWAY, release, namespace, None).read_kept()
    if json:
        for record in kept:
            typer.echo(record_to_line(record))
    elif kept:
        _print(show_kept(kept))
    else:
        typer.echo(f"{name_place(out, release)} has no rollout")


@rollout_app.command()
def report(
    page: Annotated[
        Path, typer.Argument(metavar="PAGE", help="Where to write it: an HTML file with its pictures inside.")
    ],
    out: OutOption = DEFAULT_OUT,
    release: ReleaseOption = None,
    namespace: NamespaceOption = "default",
) -> None:
    """Write the newest rollout as a page: its verdict, its steps, guardrails by each source, live labels, the shadow.

    Example: assay rollout report build/rollout.html
    """
    from promotion.report import Chapter, write_report

    watch = watch_rollouts(out, DEFAULT_GATEWAY, release, namespace, None)
    seen = require_rollout(watch.read_status(), out, release)
    record, evidence = seen.rollout, watch.read_evidence(seen.rollout)
    if evidence is None or seen.numbers is None:
        typer.echo(f"assay: rollout {record.rollout_id} has no evidence yet: it is {record.state}", err=True)
        raise typer.Exit(1)
    name = f"rollout {record.rollout_id}"
    write_report(page, f"Assay, {name}", [Chapter(f"{name} of {name_place(out, release)}", evidence, record)])
    typer.echo(f"{page} has {name}")


@rollout_app.command()
def abort(
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    wait_seconds: Annotated[float, typer.Option(min=0, help="How long the promoter may take to end.")] = 60.0,
    out: OutOption = DEFAULT_OUT,
    gateway: GatewayOption = DEFAULT_GATEWAY,
    release: ReleaseOption = None,
    namespace: NamespaceOption = "default",
    gateway_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The gateway, to prove by its answers.", rich_help_panel=CLUSTER),
    ] = None,
) -> None:
    """Send everything to stable at once, and end the rollout that is under way, whether its promoter runs or not.

    The promoter ends by itself and says who it was, and why. A rollout that has ended is left as it is. The exit code:
    0 where everything went back to stable, now or before; 1 where it did not, where the rollout was promoted already,
    and where the promoter takes longer to end than is waited for.

    Example: assay rollout abort --reason "clients complain"
    """
    from promotion.gate.outcome import Outcome

    ended = _abort(out, gateway, release, namespace, gateway_url).abort(who(), reason, wait_seconds)
    if ended is None:
        typer.echo(f"{name_place(out, release)} has no rollout: there is nothing to abort")
        return
    name = f"rollout {ended.rollout_id}"
    if ended.outcome is Outcome.PROMOTE:
        typer.echo(f"assay: {name} is promoted; to go back: {_way_back(release)}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{name} has ended with {ended.outcome}: {ended.because}; everything goes to stable")


@rollout_app.command()
def approve(
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    out: OutOption = DEFAULT_OUT,
    release: ReleaseOption = None,
    namespace: NamespaceOption = "default",
) -> None:
    """Approve the step that a rollout waits for; its promoter then goes on, or does once it is started again.

    The exit code is 1 where no step is waited for.

    Example: assay rollout approve --reason "the shop looks well"
    """
    from promotion.clock import SystemClock
    from promotion.rollout.orders import Order, OrderKind
    from promotion.rollout.record import RolloutState

    watch, orders = watch_rollouts(out, DEFAULT_GATEWAY, release, namespace, None), orders_of(out, release, namespace)
    record = require_rollout(watch.read_status(), out, release).rollout
    if record.state is not RolloutState.AWAITING:
        typer.echo(f"assay: rollout {record.rollout_id} is {record.state}: it waits for no approval", err=True)
        raise typer.Exit(1)
    percent = record.asked_percent
    at = SystemClock().now().isoformat(timespec="milliseconds")
    orders.give(Order(record.rollout_id, OrderKind.APPROVE, who(), at, reason, percent))
    typer.echo(f"rollout {record.rollout_id}: {percent} % is approved")


def _abort(out: Path, gateway: Path, release: str | None, namespace: str, gateway_url: str | None) -> "RolloutAbort":
    if release is None:
        from assay.wiring import machine_abort

        return machine_abort(out, gateway)
    if gateway_url is None:
        raise typer.BadParameter("missing; --release needs it", param_hint="--gateway-url")
    from assay.cluster_wiring import cluster_abort
    from promotion.kubernetes.release import Release

    return cluster_abort(Release(release, namespace), gateway_url)


def _way_back(release: str | None) -> str:
    return "assay split set 0" if release is None else "assay cluster rollback"


def _exit_code(record: "RolloutRecord") -> int:
    return record.outcome.exit_code if record.is_finished and record.outcome is not None else UNDER_WAY


def _show(seen: "RolloutStatus") -> None:
    from assay.rollout_view import show_status

    _print(show_status(seen))


def _print(view: "RenderableType") -> None:
    from rich.console import Console

    Console(highlight=False, soft_wrap=False).print(view)


def _follow(place: "RolloutWatch", seen: "RolloutStatus") -> "RolloutStatus":
    """A live view on a terminal; elsewhere the history's lines as they come, and the whole view at the end."""
    from rich.console import Console
    from rich.live import Live

    from assay.rollout_view import describe_events, show_status

    console = Console(highlight=False)
    if console.is_terminal:
        with Live(show_status(seen), console=console, auto_refresh=False) as live:
            while not seen.rollout.is_finished:
                time.sleep(POLL_SECONDS)
                seen = place.read_status() or seen
                live.update(show_status(seen), refresh=True)
        return seen
    number, shown = seen.rollout.rollout_id, 0
    while True:
        if seen.rollout.rollout_id != number:
            number, shown = seen.rollout.rollout_id, 0
        for line in describe_events(seen.rollout, shown):
            typer.echo(line)
        shown = len(seen.rollout.history)
        if seen.rollout.is_finished:
            break
        time.sleep(POLL_SECONDS)
        seen = place.read_status() or seen
    typer.echo()
    _show(seen)
    return seen


def _follow_as_json(place: "RolloutWatch", seen: "RolloutStatus") -> "RolloutStatus":
    _print_json(seen, indent=None)
    while not seen.rollout.is_finished:
        time.sleep(POLL_SECONDS)
        before, seen = seen, place.read_status() or seen
        if seen.rollout != before.rollout:
            _print_json(seen, indent=None)
    return seen


def _print_json(seen: "RolloutStatus", indent: int | None) -> None:
    from promotion.rollout.status import status_to_json

    typer.echo(status_to_json(seen, indent=indent).decode())
