"""An evidence source that speaks of two bundles only: those that whoever asks for the rollout has named.

A rollout judges what runs. Where somebody has said what is to run, a revision that was changed since, by hand or by a
mistake, is not judged in the place of the one that was meant, and gets no traffic.
"""

from dataclasses import dataclass

from dataset import LabelledRows
from promotion.evidence.evidence_source import DigestChanged, EvidenceSource, ReplayedHoldout, RevisionPair


@dataclass(frozen=True, slots=True)
class NamedBundles:
    """`source`, but DigestChanged where a revision runs another bundle than the one named; None names none."""

    source: EvidenceSource
    stable_digest: str | None
    canary_digest: str | None

    def read_revisions(self) -> RevisionPair:
        """Which bundles run now, which are those named."""
        return self._check(self.source.read_revisions())

    def replay_holdout(self, holdout: LabelledRows) -> ReplayedHoldout:
        """Both bundles' answers to every row."""
        replayed = self.source.replay_holdout(holdout)
        self._check(replayed.revisions)
        return replayed

    def _check(self, running: RevisionPair) -> RevisionPair:
        for revision, named in ((running.stable, self.stable_digest), (running.canary, self.canary_digest)):
            if named is not None and revision.bundle_digest != named:
                raise DigestChanged(
                    f"{revision.role} {revision.url} runs the bundle {revision.bundle_digest}, but is to run {named}"
                )
        return running
