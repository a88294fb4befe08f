"""What a gateway counted since a moment, though it may be restarted meanwhile."""

from promotion.routers.request_counts import RequestCounter, RequestCounts


class StepCounts:
    """Counts of `counter` since `before`; since the gateway's restart where it was restarted."""

    def __init__(self, counter: RequestCounter, before: RequestCounts | None) -> None:
        """`before` None: from now on. Raises RouterUnreachable."""
        self._counter = counter
        self._before = self._latest = before or counter.read_counts()

    def read(self) -> RequestCounts:
        """What was counted. Raises RouterUnreachable. Can be repeated."""
        now = self._counter.read_counts()
        if now.began_anew_after(self._latest):
            self._before = now
        self._latest = now
        return now.since(self._before)
