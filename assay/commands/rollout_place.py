"""Where a command looks for rollouts: the directory of this machine, or a release in a cluster."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.commands.promote import CLUSTER

if TYPE_CHECKING:
    from assay.rollout_watch import RolloutWatch
    from promotion.rollout.orders import RolloutOrders
    from promotion.rollout.status import RolloutStatus

OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where rollouts are kept, as for promote.")]
GatewayOption = Annotated[Path, typer.Option("--gateway", metavar="DIR", help="The gateway's directory.")]
ReleaseOption = Annotated[
    str | None, typer.Option("--release", help="A release of the chart, not this machine.", rich_help_panel=CLUSTER)
]
NamespaceOption = Annotated[str, typer.Option("--namespace", help="Its namespace.", rich_help_panel=CLUSTER)]
DEFAULT_OUT = Path("build/rollouts")
DEFAULT_GATEWAY = Path("build/gateway")


def watch_rollouts(
    out: Path, gateway: Path, release: str | None, namespace: str, gateway_stats_url: str | None
) -> "RolloutWatch":
    """A look at the rollouts in `out`, or at those of the release where one is named."""
    if release is None:
        from assay.wiring import machine_watch

        return machine_watch(out, gateway)
    from assay.cluster_wiring import cluster_watch
    from promotion.kubernetes.release import Release

    return cluster_watch(Release(release, namespace), gateway_stats_url)


def require_rollout(found: "RolloutStatus | None", out: Path, release: str | None) -> "RolloutStatus":
    """What was found; where that is nothing, end with 1 and say where none is."""
    if found is None:
        typer.echo(f"assay: {name_place(out, release)} has no rollout", err=True)
        raise typer.Exit(1)
    return found


def orders_of(out: Path, release: str | None, namespace: str) -> "RolloutOrders":
    """Where orders for its rollouts are kept."""
    if release is None:
        from promotion.rollout.file_orders import FileRolloutOrders

        return FileRolloutOrders(out)
    from assay.cluster_wiring import cluster_orders
    from promotion.kubernetes.release import Release

    return cluster_orders(Release(release, namespace))


def name_place(out: Path, release: str | None) -> str:
    """The place, for a message."""
    return f"release {release}" if release is not None else str(out)
