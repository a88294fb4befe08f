"""How many requests there were and how long they took: the two metrics that every request counts in.

They are kept as plain numbers and become metrics when somebody reads them: a Counter and a Histogram would take about
as long as the rest of a quick answer.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

_OWNED = ("transport", "route", "model", "revision")


_Owner = tuple[str, str, str, str]
"""The values of `_OWNED`."""


class _Durations:
    """Of the requests with one set of labels, by bucket; the last one is for what is longer than all bounds."""

    __slots__ = ("buckets", "codes", "total")

    def __init__(self, buckets: int) -> None:
        self.buckets = [0] * buckets
        self.codes: dict[str, int] = {}
        self.total = 0.0


class RequestCounts(Collector):
    """`assay_requests_total` and `assay_request_duration_seconds`, with these upper bounds. For several threads."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._lock = threading.Lock()
        self._durations: dict[_Owner, _Durations] = {}

    def count(self, owner: _Owner, code: str, seconds: float) -> None:
        """A request was answered with `code` after `seconds`."""
        place = bisect_left(self._bounds, seconds)
        with self._lock:
            durations = self._durations.get(owner)
            if durations is None:
                durations = self._durations[owner] = _Durations(len(self._bounds) + 1)
            durations.buckets[place] += 1
            durations.total += seconds
            durations.codes[code] = durations.codes.get(code, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        requests = CounterMetricFamily("assay_requests", "Requests answered", labels=(*_OWNED, "code"))
        seconds = HistogramMetricFamily(
            "assay_request_duration_seconds", "From a request's first byte to its answer", labels=_OWNED
        )
        names = [*map(floatToGoString, self._bounds), "+Inf"]
        with self._lock:
            for owner, durations in self._durations.items():
                for code, count in durations.codes.items():
                    requests.add_metric((*owner, code), count)
                counts = zip(names, map(float, accumulate(durations.buckets)), strict=True)
                seconds.add_metric(owner, list(counts), durations.total)
        yield requests
        yield seconds
