"""What became of the records. A record that waits is in none of the counters yet."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class RecorderMetrics:
    """The counters of one recorder."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.written = Counter("assay_recorder_written", "Records that the sink has", registry=registry)
        self.spooled = Counter("assay_recorder_spooled", "Records that waited on the disk for it", registry=registry)
        self.dropped = Counter("assay_recorder_dropped", "Records that nobody has", registry=registry)
        self._queued = Gauge("assay_recorder_queued", "Records that wait in memory", registry=registry)
        self._spool_bytes = Gauge("assay_recorder_spool_bytes", "What waits on the disk", registry=registry)

    def watch(self, queued: Callable[[], int], spool_bytes: Callable[[], int]) -> None:
        """Ask these two whenever the metrics are read."""
        self._queued.set_function(queued)
        self._spool_bytes.set_function(spool_bytes)
