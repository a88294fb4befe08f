"""Before a rollout begins: a canary that was just deployed takes a while to start, and that is no reason to give up.

A ready endpoint is not yet an answer: every node's rules for a Service follow a second or so later, and until then its
address may lead nowhere, or to a pod of an earlier revision of this name that is ending. So both revisions have to have
answered once, and a strange answer is believed only after a while.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from promotion.evidence.evidence_source import AnswerRefused, DigestChanged, EvidenceSource, PredictorUnreachable
from promotion.kubernetes.endpoint_watch import EndpointWatch
from promotion.kubernetes.errors import RevisionNotAvailable
from promotion.kubernetes.release import Release

NO_ENDPOINT_SECONDS = 15.0
NO_ANSWER_SECONDS = 2.0
"""How often it is said that something is still missing."""
STRANGE_SECONDS = 10.0
"""How long an answer that is not the revision's own is put down to the network."""


@dataclass(frozen=True, slots=True)
class CanaryStart:
    """The start of the revision `canary`, which `watch` watches and `source` asks together with stable."""

    release: Release
    canary: str
    watch: EndpointWatch
    source: EvidenceSource
    timeout_seconds: float
    say: Callable[[str], None]

    def wait(self) -> None:
        """Return once the canary has a ready endpoint and both revisions answer.

        Raises RevisionNotAvailable after `timeout_seconds`; AnswerRefused and DigestChanged when an answer stays
        strange for STRANGE_SECONDS.
        """
        deadline = time.monotonic() + self.timeout_seconds
        patience = _Patience()
        while (missing := self._find_missing(patience)) is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RevisionNotAvailable(f"after {self.timeout_seconds:g} s {missing}")
            self.say(f"{missing}; waiting for another {left:.0f} s")
            if self.watch.is_lost():
                self.watch.wait_until_ready(min(left, NO_ENDPOINT_SECONDS))
            else:
                time.sleep(min(left, NO_ANSWER_SECONDS))

    def _find_missing(self, patience: "_Patience") -> str | None:
        if self.watch.is_lost():
            names = " or ".join(self.release.services_of(self.canary))
            where = f"Deployment and Service {names} in namespace {self.release.namespace}"
            return f"the canary {self.canary} has no ready endpoint ({where})"
        try:
            self.source.read_revisions()
        except PredictorUnreachable as error:
            return str(error)
        except (AnswerRefused, DigestChanged) as error:
            if patience.is_over():
                raise
            return str(error)
        return None


@dataclass
class _Patience:
    """With strange answers; it begins with the first."""

    ends_at: float | None = None

    def is_over(self) -> bool:
        now = time.monotonic()
        self.ends_at = self.ends_at or now + STRANGE_SECONDS
        return now >= self.ends_at
