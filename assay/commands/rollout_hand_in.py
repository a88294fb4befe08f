"""`assay rollout labels` and `assay rollout rows`: what somebody hands in to a rollout that is under way."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.commands.promote import CLUSTER
from assay.commands.rollout_place import (
    DEFAULT_GATEWAY,
    DEFAULT_OUT,
    NamespaceOption,
    OutOption,
    ReleaseOption,
    orders_of,
    require_rollout,
    watch_rollouts,
)
from assay.whoami import who

if TYPE_CHECKING:
    from dataset import LabelledRows

PUSH_SECONDS = 120.0


def labels(
    file: Annotated[
        Path, typer.Argument(help="CSV with request_id,label; with a column row where requests have several.")
    ],
    out: OutOption = DEFAULT_OUT,
) -> None:
    """Hand in true labels of live answers, by the request id of their answers, for the rollout that is under way.

    Its promoter, with --records, scores them once they are older than the label lag. Labels that are known change
    nothing; of two that contradict each other the first stands.

    Example: assay rollout labels yesterday.csv
    """
    from promotion.clock import SystemClock
    from promotion.recorded.label_store import FileLabels
    from promotion.recorded.labels import read_labels_file

    given = read_labels_file(file)
    record = require_rollout(watch_rollouts(out, DEFAULT_GATEWAY, None, "", None).read_status(), out, None).rollout
    if record.is_finished:
        typer.echo(f"assay: rollout {record.rollout_id} has ended: labels change nothing in it any more", err=True)
        raise typer.Exit(1)
    done = FileLabels(out, record.rollout_id).hand_in(given, who(), SystemClock().now().timestamp())
    against = f", {done.contradicting} against labels that stand" if done.contradicting else ""
    typer.echo(f"rollout {record.rollout_id}: {done.new} new labels, {done.known} known before{against}")


def rows(
    specification: Annotated[str, typer.Argument(metavar="SPEC", help="Labelled rows, as --holdout of promote.")],
    out: OutOption = DEFAULT_OUT,
    release: ReleaseOption = None,
    namespace: NamespaceOption = "default",
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The release's store, as reached from here; they go there.", rich_help_panel=CLUSTER
        ),
    ] = None,
) -> None:
    """Hand in further labelled rows for a rollout that holds: its promoter judges once more, on all rows so far.

    A row that was judged before is refused, and so are other columns; the history then says why. The exit code is 1
    where nothing holds.

    Example: assay rollout rows more.csv
    """
    from assay.further_rows import keep_rows
    from assay.labelled_data import load_rows
    from promotion.clock import SystemClock
    from promotion.rollout.orders import GivenRows, Order, OrderKind
    from promotion.rollout.record import RolloutState

    seen = watch_rollouts(out, DEFAULT_GATEWAY, release, namespace, None).read_status()
    record = require_rollout(seen, out, release).rollout
    if record.state is not RolloutState.HOLDING:
        typer.echo(f"assay: rollout {record.rollout_id} is {record.state}: it waits for no rows", err=True)
        raise typer.Exit(1)
    given = load_rows(specification)
    if release is None:
        keep_rows(out, record.rollout_id, given)
    else:
        _push(given, store)
    at = SystemClock().now().isoformat(timespec="milliseconds")
    handed_in = GivenRows(given.name, given.digest, len(given))
    orders_of(out, release, namespace).give(Order(record.rollout_id, OrderKind.ROWS, who(), at, given=handed_in))
    look = f"look {len(record.further) + 2} of {record.plan.looks}"
    typer.echo(f"rollout {record.rollout_id}: {len(given)} further rows are handed in for {look}")


def _push(given: "LabelledRows", store: str | None) -> None:
    from assay.output import say
    from content_store.push import Push

    if store is None:
        raise typer.BadParameter("missing; --release needs it", param_hint="--store")
    Push(store, PUSH_SECONDS, say).holdout(given)
