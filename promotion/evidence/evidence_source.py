"""What a judgement asks of whatever can observe both revisions.

EvidenceError
├── PredictorUnreachable   no answer, or a predictor that is not ready; the call can be repeated
├── AnswerRefused          it answers, but not with labels or values for these rows
└── DigestChanged          it runs another bundle than the one that was asked about
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dataset import LabelledRows
from promotion.errors import PromotionError
from promotion.gate.evidence import PairedAnswers, PairedConfidences, PairedValues


class EvidenceError(PromotionError):
    """Base of what an evidence source raises."""


class PredictorUnreachable(EvidenceError):
    """A predictor gives no answer or is not ready; the call can be repeated."""


class AnswerRefused(EvidenceError):
    """A predictor answers, but not with labels or values for these rows; repeating changes nothing."""


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
class AskedRevision:
    """What it took to ask one revision."""

    role: str
    transport: str
    """HTTP or gRPC."""
    requests: int
    """Sent to it, retries among them; what it says of itself is one of them."""
    retried: int
    troubles: Mapping[str, int] = field(default_factory=dict)
    """Those retries by why they were needed."""


@dataclass(frozen=True, slots=True)
class ReplayedHoldout:
    """Both revisions' answers to the same rows, and what it took to get them."""

    revisions: RevisionPair
    answers: PairedAnswers | PairedValues
    """Labels of classifiers, numbers of regression models."""
    requests: int
    retried: int
    seconds: float
    asked: tuple[AskedRevision, ...] = ()
    """By revision, where the source knows it."""
    confidences: PairedConfidences | None = None
    """None where a revision serves no probabilities."""


class EvidenceSource(Protocol):
    """Observes both revisions at their own addresses, past the gateway."""

    def read_revisions(self) -> RevisionPair:
        """Which bundles run now. Raises PredictorUnreachable, AnswerRefused. Can be repeated."""

    def replay_holdout(self, holdout: LabelledRows) -> ReplayedHoldout:
        """Let both revisions answer every row of `holdout`.

        Every answer is checked to come from the bundle that was running at the start: DigestChanged. Raises
        PredictorUnreachable, AnswerRefused. Can be repeated; nothing of an unfinished replay is kept.
        """
