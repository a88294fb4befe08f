"""A clock and an evidence source that tell the runner of a lost canary at once, through the seams it has.

The runner sleeps between two looks at a step and asks both revisions at each: so the sleep ends early, and the next
question is answered with RevisionNotAvailable, upon which a rollout goes back. The state machine knows nothing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dataset import LabelledRows
from promotion.clock import Clock
from promotion.evidence.evidence_source import EvidenceSource, PredictorUnreachable, ReplayedHoldout, RevisionPair
from promotion.kubernetes.endpoint_watch import EndpointWatch
from promotion.kubernetes.errors import RevisionNotAvailable
from promotion.routers.traffic_router import Split


@dataclass(frozen=True, slots=True)
class WatchedClock:
    """`clock`, but a sleep ends when the canary's last ready endpoint goes."""

    clock: Clock
    watch: EndpointWatch

    def now(self) -> datetime:
        """The time of day, UTC."""
        return self.clock.now()

    def monotonic_seconds(self) -> float:
        """Seconds that never go back."""
        return self.clock.monotonic_seconds()

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or at once when the canary is lost."""
        self.watch.wait_for_loss(seconds)


class WatchedSource:
    """`source`, but RevisionNotAvailable when the canary loses its last ready endpoint while traffic goes to it.

    Also when it is back by the time of the question: what ends once under traffic can end again.
    """

    def __init__(self, source: EvidenceSource, watch: EndpointWatch, read_split: Callable[[], Split]) -> None:
        self._source = source
        self._watch = watch
        self._read_split = read_split
        self._losses = watch.losses

    def read_revisions(self) -> RevisionPair:
        """Which bundles run now. Raises RevisionNotAvailable, RouterUnreachable beside what the seam says."""
        self._refuse_lost()
        try:
            return self._source.read_revisions()
        except PredictorUnreachable:
            self._refuse_lost()
            raise

    def replay_holdout(self, holdout: LabelledRows) -> ReplayedHoldout:
        """Both revisions' answers to every row."""
        return self._source.replay_holdout(holdout)

    def _refuse_lost(self) -> None:
        losses = self._watch.losses
        if not self._watch.is_lost() and losses == self._losses:
            return
        if (percent := self._read_split().canary_percent) > 0:
            raise RevisionNotAvailable(f"the canary's last ready endpoint is gone; it had {percent} % of the requests")
        self._losses = losses
