"""Counts for the guardrails' tests, and a source that says them."""

from promotion.guardrails.guardrail_source import LiveMetricsMissing
from promotion.guardrails.served_requests import ServedPair, ServedRequests

EDGES = (0.01, 0.1, 0.3, 1.0)


def served(requests: int, failed: int = 0, *, slow: int = 0) -> ServedRequests:
    """Requests of which `slow` took between 300 ms and a second, and the others between 10 and 100 ms."""
    return ServedRequests(requests, failed, EDGES, (0, requests - slow, 0, slow, 0))


class SaidCounts:
    """A GuardrailSource that says what a test has set; None: it cannot be asked."""

    def __init__(self, name: str = "gateway") -> None:
        self._name = name
        self.pair: ServedPair | None = ServedPair(served(0), served(0))
        self.reads = 0

    @property
    def name(self) -> str:
        return self._name

    def read_served(self) -> ServedPair:
        self.reads += 1
        if self.pair is None:
            raise LiveMetricsMissing("nobody answers")
        return self.pair
