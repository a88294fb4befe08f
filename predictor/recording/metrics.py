"""What became of the records. One that waits in memory is in none of the counters yet."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class RecorderMetrics:
    """The counters of one recorder."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.written = Counter("assay_recorder_written", "Records that the sink has", registry=registry)
        self.spooled = Counter(
            "assay_recorder_spooled", "Records that went to the disk, from where it gets them", registry=registry
        )
        self.dropped = Counter("assay_recorder_dropped", "Records that nobody has", registry=registry)
        self._queued = Gauge("assay_recorder_queued", "Records that wait in memory", registry=registry)
        self._spool_bytes = Gauge("assay_recorder_spool_bytes", "What waits on the disk", registry=registry)
        self._lag_seconds = Gauge(
            "assay_recorder_lag_seconds", "Since the oldest of them on the disk was answered", registry=registry
        )

    def watch(
        self, queued: Callable[[], int], spool_bytes: Callable[[], int], lag_seconds: Callable[[], float]
    ) -> None:
        """Ask these whenever the metrics are read."""
        self._queued.set_function(queued)
        self._spool_bytes.set_function(spool_bytes)
        self._lag_seconds.set_function(lag_seconds)
