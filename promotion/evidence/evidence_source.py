"""What a judgement asks of whatever can observe both revisions.

EvidenceError
├── PredictorUnreachable   no answer, or a predictor that is not ready; the call can be repeated
├── AnswerRefused          it answers, but not with labels for these rows
└── DigestChanged          it runs another bundle than the one that was asked about
"""

from dataclasses import dataclass
from typing import Protocol

from promotion.errors import PromotionError
from promotion.gate.evidence import PairedAnswers


class EvidenceError(PromotionError):
    """Base of what an evidence source raises."""


class PredictorUnreachable(EvidenceError):
    """A predictor gives no answer or is not ready; the call can be repeated."""


class AnswerRefused(EvidenceError):
    """A predictor answers, but not with labels for these rows; repeating changes nothing."""


class DigestChanged(EvidenceError):
    """A predictor runs another bundle than the one that was asked about."""


@dataclass(frozen=True, slots=True)
class RunningRevision:
    """What a predictor says of itself."""

    role: str
    """`stable` or `canary`."""
    url: str
    model: str
    version: str
    revision: str
    bundle_digest: str


@dataclass(frozen=True, slots=True)
class RevisionPair:
    """Both revisions, as they answer now."""

    stable: RunningRevision
    canary: RunningRevision


@dataclass(frozen=True, slots=True)
class ReplayedHoldout:
    """Both revisions' answers to the same rows, and what it took to get them."""

    revisions: RevisionPair
    answers: PairedAnswers
    requests: int
    retried: int
    seconds: float


class EvidenceSource(Protocol):
    """Observes both revisions at their own addresses, past the gateway."""

    def read_revisions(self) -> RevisionPair:
        """Which bundles run now. Raises PredictorUnreachable, AnswerRefused. Can be repeated."""

    def replay_holdout(self) -> ReplayedHoldout:
        """Let both revisions answer every row of the holdout.

        Every answer is checked to come from the bundle that was running at the start: DigestChanged. Raises
        PredictorUnreachable, AnswerRefused. Can be repeated; nothing of an unfinished replay is kept.
        """
