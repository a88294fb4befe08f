"""What the predictor counts. The registry is passed in, so that two predictors in one process do not meet.

Every label has few values: a path that is no route counts as `unknown`, a model is named by who serves and not by who
asks. The transport is a label, so gRPC adds its own values and no metric.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest

from predictor.identity import ModelIdentity
from predictor.recording.metrics import RecorderMetrics
from predictor.request_counts import RequestCounts
from predictor.served_model import Inference
from predictor.workers.counts import Counts, Family

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096, 16384)
_OWNER = ("model", "revision")
_NOBODY = ("", "")


class PredictorMetrics:
    """The counters of one predictor process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = RequestCounts(_SECONDS)
        registry.register(self._requests)
        self._inference_seconds = Histogram(
            "assay_inference_duration_seconds", "Runs of the engine", _OWNER, registry=registry, buckets=_SECONDS
        )
        self._batch_rows = Histogram(
            "assay_batch_rows", "Rows in one run of the engine", _OWNER, registry=registry, buckets=_ROWS
        )
        self._predictions = Counter(
            "assay_predictions", "Rows by the class that was predicted", (*_OWNER, "label"), registry=registry
        )
        self._model_info = Gauge(
            "assay_model_info", "A model that is served", (*_OWNER, "version", "bundle_digest"), registry=registry
        )
        self.recorder = RecorderMetrics(registry)
        self._named: set[tuple[str, str, str, str]] = set()
        self._queue_depth = Gauge("assay_queue_depth", "Requests that wait for an inference thread", registry=registry)

    def watch_queue(self, depth: Callable[[], int]) -> None:
        """Ask `depth`, whenever the metrics are read, how many requests wait."""
        self._queue_depth.set_function(depth)

    def count_request(
        self, transport: str, route: str, identity: ModelIdentity | None, code: int | str, seconds: float
    ) -> None:
        """A request was answered; `identity` is None while no model is loaded, `code` is the transport's own."""
        owner = (identity.model, identity.revision) if identity else _NOBODY
        self._requests.count((transport, route, *owner), str(code), seconds)

    def count_run(self, identity: ModelIdentity, *, rows: int, seconds: float) -> None:
        """The engine ran once, for this many rows."""
        owner = (identity.model, identity.revision)
        self._inference_seconds.labels(*owner).observe(seconds)
        self._batch_rows.labels(*owner).observe(rows)

    def count_predictions(self, inference: Inference, classes: tuple[str, ...]) -> None:
        """Rows of one request were predicted; `classes` are the labels by index."""
        owner = (inference.identity.model, inference.identity.revision)
        for index, count in enumerate(np.bincount(inference.class_indices)):
            if count:
                self._predictions.labels(*owner, classes[index]).inc(int(count))

    def name_models(self, identities: Iterable[ModelIdentity]) -> None:
        """These models are served from now on, and no others."""
        named = {(one.model, one.revision, one.version, one.bundle_digest) for one in identities}
        for gone in self._named - named:
            self._model_info.remove(*gone)
        for labels in named:
            self._model_info.labels(*labels).set(1)
        self._named = named

    def families(self) -> list[Family]:
        """Everything counted, for another process."""
        return [
            Family(each.name, each.type, each.documentation, [sample[:3] for sample in each.samples])
            for each in self._registry.collect()
        ]

    def exposition(self) -> bytes:
        """Everything counted, in Prometheus' text format."""
        return generate_latest(self._registry)


def write_exposition(counts: Counts) -> bytes:
    """The metrics among `counts`, in Prometheus' text format."""
    return generate_latest(_Collected(counts))


@dataclass(frozen=True, slots=True)
class _Collected:
    counts: Counts

    def collect(self) -> Iterator[Metric]:
        for family in self.counts.families:
            metric = Metric(family.name, family.help, family.kind)
            for sample in family.samples:
                metric.add_sample(*sample)
            yield metric
