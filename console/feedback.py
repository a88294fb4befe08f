"""True labels of what was answered: kept, and handed to the sequential test of a rollout that is under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.rollouts import Rollouts
from promotion.clock import Clock
from promotion.recorded.label_store import FileLabels, HandedIn
from promotion.recorded.labels import TrueLabel


@dataclass(frozen=True, slots=True)
class FeedbackTaken:
    """What became of labels that were given."""

    rollout_id: int | None
    """The rollout whose test has them; None where none is under way."""
    rollout: HandedIn | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """Takes labels."""

    rollouts: Rollouts
    rollout_directory: Path
    clock: Clock

    def give(self, labels: Sequence[TrueLabel], by: str) -> FeedbackTaken:
        """Keep `labels`; what is known already changes nothing. Raises LabelsRefused, RolloutError. Can be repeated."""
        under_way = self.rollouts.under_way()
        if under_way is None:
            return FeedbackTaken(None, None)
        kept = FileLabels(self.rollout_directory, under_way.rollout_id)
        return FeedbackTaken(under_way.rollout_id, kept.hand_in(labels, by, self.clock.now().timestamp()))
