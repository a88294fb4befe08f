"""Before a rollout begins: a canary that was just deployed takes a while to start, and that is no reason to give up.

A ready endpoint is not yet an answer: every node's rules for a Service follow a second or so later, and until then its
address may lead nowhere, or to what had it before. So both revisions have to have answered once, as predictors do.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from promotion.evidence.evidence_source import AnswerRefused, EvidenceSource, PredictorUnreachable
from promotion.kubernetes.endpoint_watch import EndpointWatch
from promotion.kubernetes.errors import RevisionNotAvailable
from promotion.kubernetes.release import Release

NO_ENDPOINT_SECONDS = 15.0
NO_ANSWER_SECONDS = 2.0
"""How often it is said that something is still missing."""


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

        Raises RevisionNotAvailable after `timeout_seconds`; DigestChanged at once.
        """
        deadline = time.monotonic() + self.timeout_seconds
        while (missing := self._find_missing()) is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RevisionNotAvailable(f"after {self.timeout_seconds:g} s {missing}")
            self.say(f"{missing}; waiting for another {left:.0f} s")
            if self.watch.is_lost():
                self.watch.wait_until_ready(min(left, NO_ENDPOINT_SECONDS))
            else:
                time.sleep(min(left, NO_ANSWER_SECONDS))

    def _find_missing(self) -> str | None:
        if self.watch.is_lost():
            names = " or ".join(self.release.services_of(self.canary))
            where = f"Deployment and Service {names} in namespace {self.release.namespace}"
            return f"the canary {self.canary} has no ready endpoint ({where})"
        try:
            self.source.read_revisions()
        except (PredictorUnreachable, AnswerRefused) as error:
            return str(error)
        return None
