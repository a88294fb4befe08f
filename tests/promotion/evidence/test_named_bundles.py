"""Only the bundles that were named are judged, whatever runs, and whenever that changes."""

from dataclasses import dataclass, replace

import pytest

from dataset import LabelledRows
from promotion.evidence.evidence_source import DigestChanged, ReplayedHoldout, RevisionPair, RunningRevision
from promotion.evidence.named_bundles import NamedBundles
from tests.promotion.evidence.columns import make_holdout, paired_answers

HOLDOUT = make_holdout(8)

STABLE = RunningRevision("stable", "http://stable", "columns", "1", "v1", "sha256:" + "1" * 64)
CANARY = RunningRevision("canary", "http://canary", "columns", "1", "v2", "sha256:" + "2" * 64)
BOTH = RevisionPair(STABLE, CANARY)
OTHER = "sha256:" + "9" * 64


@dataclass(frozen=True)
class Running:
    """Both revisions, which answer as they do."""

    pair: RevisionPair

    def read_revisions(self) -> RevisionPair:
        return self.pair

    def replay_holdout(self, holdout: LabelledRows) -> ReplayedHoldout:
        return ReplayedHoldout(self.pair, paired_answers("v1", "v2", holdout), 4, 0, 0.1)


@pytest.mark.parametrize("named", [(STABLE.bundle_digest, CANARY.bundle_digest), (None, None)])
def test_what_runs_as_it_was_named_is_judged(named: tuple[str | None, str | None]) -> None:
    source = NamedBundles(Running(BOTH), *named)
    assert source.read_revisions() == BOTH
    assert source.replay_holdout(HOLDOUT) == Running(BOTH).replay_holdout(HOLDOUT)


@pytest.mark.parametrize(
    "pair",
    [
        RevisionPair(replace(STABLE, bundle_digest=OTHER), CANARY),
        RevisionPair(STABLE, replace(CANARY, bundle_digest=OTHER)),
    ],
    ids=["stable", "canary"],
)
def test_another_bundle_is_not(pair: RevisionPair) -> None:
    source = NamedBundles(Running(pair), STABLE.bundle_digest, CANARY.bundle_digest)
    with pytest.raises(DigestChanged, match=f"runs the bundle {OTHER}, but is to run sha256:"):
        source.read_revisions()
    with pytest.raises(DigestChanged):
        source.replay_holdout(HOLDOUT)
