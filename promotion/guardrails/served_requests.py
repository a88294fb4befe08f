"""What one source counted of both revisions: requests, failures, and how long answers took, as a histogram.

Counts grow from the moment that who counts was started; two readings are subtracted to get a window.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf


@dataclass(frozen=True, slots=True)
class ServedRequests:
    """One revision's requests at the doors that are split."""

    requests: int = 0
    failed: int = 0
    """Answers of the 5xx class, and those that broke off; `requests` contain them."""
    edges_seconds: tuple[float, ...] = ()
    """Upper edges of the histogram's buckets, ascending, without the last, which has none."""
    slow_counts: tuple[int, ...] = ()
    """Answers in each bucket, not summed up: one more than edges; none where nothing was timed."""

    @property
    def timed(self) -> int:
        """Answers in the histogram."""
        return sum(self.slow_counts)

    def since(self, earlier: "ServedRequests") -> "ServedRequests":
        """What was counted between `earlier` and this reading; both are of one source."""
        before = earlier.slow_counts or (0,) * len(self.slow_counts)
        return ServedRequests(
            self.requests - earlier.requests,
            self.failed - earlier.failed,
            self.edges_seconds,
            tuple(now - then for now, then in zip(self.slow_counts, before, strict=True)),
        )

    def began_anew_after(self, earlier: "ServedRequests") -> bool:
        """Whether the two readings cannot be subtracted: a count has fallen, or the buckets are others."""
        if earlier.slow_counts and self.edges_seconds != earlier.edges_seconds:
            return True
        before = earlier.slow_counts or (0,) * len(self.slow_counts)
        fell = any(now < then for now, then in zip(self.slow_counts, before, strict=True))
        return fell or self.requests < earlier.requests or self.failed < earlier.failed


@dataclass(frozen=True, slots=True)
class ServedPair:
    """Both revisions' requests, of one source at one moment or over one window."""

    stable: ServedRequests
    canary: ServedRequests

    def since(self, earlier: "ServedPair") -> "ServedPair":
        """What was counted between `earlier` and this reading."""
        return ServedPair(self.stable.since(earlier.stable), self.canary.since(earlier.canary))

    def began_anew_after(self, earlier: "ServedPair") -> bool:
        """Whether who counts was started between the two, wholly or in part."""
        return self.stable.began_anew_after(earlier.stable) or self.canary.began_anew_after(earlier.canary)


@dataclass(slots=True)
class ServedTally:
    """Adds up samples of Prometheus metrics, of several processes or doors, to one revision's ServedRequests."""

    requests: int = 0
    failed: int = 0
    _upto: defaultdict[float, int] = field(default_factory=lambda: defaultdict(int))

    def add_requests(self, count: float, *, have_failed: bool) -> None:
        """Answers of one kind."""
        self.requests += int(count)
        self.failed += int(count) if have_failed else 0

    def add_bucket(self, edge_seconds: float, count: float) -> None:
        """`count` answers took at most `edge_seconds` (inf for all of them), as Prometheus sums its buckets up."""
        self._upto[edge_seconds] += int(count)

    def to_served(self) -> ServedRequests:
        """The sum. Raises ValueError for buckets that are not those of a histogram."""
        edges = sorted(self._upto)
        if not edges:
            return ServedRequests(self.requests, self.failed)
        upto = [self._upto[edge] for edge in edges]
        counts = tuple(now - before for now, before in zip(upto, (0, *upto), strict=False))
        if edges[-1] != inf or edges[0] <= 0 or min(counts) < 0:
            raise ValueError(f"buckets up to {edges[-1]:g} s with {upto}; expected rising sums up to +Inf")
        return ServedRequests(self.requests, self.failed, tuple(edges[:-1]), counts)


def to_pair(tallies: Mapping[str, ServedTally]) -> ServedPair:
    """The pair of the tallies of `stable` and `canary`. Raises ValueError as `to_served` does."""
    return ServedPair(tallies["stable"].to_served(), tallies["canary"].to_served())
