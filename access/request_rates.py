"""How often one caller may ask: a bucket of tokens each, which fills again as time goes by."""

import threading
import time

_MOST = 4096
"""Callers that are remembered; a full bucket need not be."""


class RequestRates:
    """`per_second` requests of each caller, and as many at once as come in a second. For several threads."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second)
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, caller: str) -> float:
        """0 where `caller` may ask now; else the seconds until it may."""
        now = time.monotonic()
        with self._lock:
            tokens, since = self._buckets.get(caller, (self._most, now))
            tokens = min(self._most, tokens + (now - since) * self._per_second)
            if tokens < 1:
                return (1 - tokens) / self._per_second
            if len(self._buckets) >= _MOST and caller not in self._buckets:
                self._forget(now)
            self._buckets[caller] = tokens - 1, now
            return 0.0

    def give_back(self, caller: str) -> None:
        """A request that was counted is counted elsewhere."""
        with self._lock:
            tokens, since = self._buckets.get(caller, (self._most, 0.0))
            self._buckets[caller] = tokens + 1, since

    def _forget(self, now: float) -> None:
        """Let go of full buckets, or of the oldest half where none is full: whoever is let go of may begin anew."""
        full = [
            name
            for name, (tokens, since) in self._buckets.items()
            if tokens + (now - since) * self._per_second >= self._most
        ]
        for name in full or list(self._buckets)[: _MOST // 2]:
            del self._buckets[name]
