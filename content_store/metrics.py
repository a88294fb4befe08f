"""What a store counts. The registry is passed in, so that two stores in one process do not meet."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from content_store.content_name import Kind
from content_store.store_directory import StoreDirectory


class StoreMetrics:
    """The counters of one store process; what is on disk is looked at when it is asked for."""

    def __init__(self, store: StoreDirectory, registry: CollectorRegistry) -> None:
        self._store = store
        self._registry = registry
        self._requests = Counter(
            "assay_store_requests", "Requests answered", ("door", "method", "code"), registry=self._registry
        )
        self._received = Counter(
            "assay_store_received_bytes", "Bytes of uploads, refused ones too", ("kind",), registry=self._registry
        )
        self._sent = Counter("assay_store_sent_bytes", "Bytes of downloads", ("kind",), registry=self._registry)
        self._contents = Gauge("assay_store_contents", "What is in the store", ("kind",), registry=self._registry)
        self._free = Gauge("assay_store_free_bytes", "What the disk still takes", registry=self._registry)
        for kind in Kind:
            self._received.labels(kind)
            self._sent.labels(kind)

    def count_request(self, *, door: str, method: str, code: int) -> None:
        """A request was answered."""
        self._requests.labels(door, method, code).inc()

    def count_received(self, kind: Kind, size_bytes: int) -> None:
        """Bytes came in."""
        self._received.labels(kind).inc(size_bytes)

    def count_sent(self, kind: Kind, size_bytes: int) -> None:
        """Bytes went out."""
        self._sent.labels(kind).inc(size_bytes)

    def exposition(self) -> bytes:
        """Everything counted, in Prometheus' text format. Raises DiskRefuses."""
        for kind in Kind:
            self._contents.labels(kind).set(len(self._store.digests(kind)))
        self._free.set(self._store.free_bytes())
        return generate_latest(self._registry)
