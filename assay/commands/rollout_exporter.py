"""`assay rollout-exporter`: the metrics of a cluster's rollouts, which outlive the Job that rolls out."""

import signal
import threading
from typing import Annotated

import typer

from assay.output import say


def rollout_exporter(
    release: Annotated[str, typer.Option(help="The chart's release.")],
    namespace: Annotated[str, typer.Option(help="Its namespace.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: a free one.")] = 8080,
) -> None:
    """Serve `assay_rollout_*` at /metrics, from the record in the cluster, and /health, until it is stopped.

    Example: assay rollout-exporter --release assay --namespace default
    """
    from assay.rollout_exporter import RolloutExporter
    from promotion.kubernetes.api_server import ApiServer
    from promotion.kubernetes.errors import as_rollout_errors
    from promotion.kubernetes.release import Release
    from promotion.kubernetes.rollout_store import ClusterRolloutStore

    with as_rollout_errors():
        store = ClusterRolloutStore(ApiServer.connect(), Release(release, namespace))
    with RolloutExporter(host, port, store.read_newest) as exporter:
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, lambda *_: threading.Thread(target=exporter.shutdown).start())
        say(f"the metrics of {release}'s rollouts are at http://{exporter.address}/metrics")
        exporter.serve_forever()
