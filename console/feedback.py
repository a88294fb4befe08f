"""True labels of what was answered: kept, and handed to the test of a rollout that is under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from console.rollouts import Rollouts
from promotion.clock import Clock
from promotion.recorded.label_store import FileLabels, HandedIn
from promotion.recorded.labels import TrueLabel
from records.database import Database
from records.feedback import TrueLabel as RecordedLabel
from records.feedback import record_labels


@dataclass(frozen=True, slots=True)
class FeedbackTaken:
    """What became of labels that were given."""

    new: int
    known: int
    """They were there already, and say the same."""
    contradicting: tuple[TrueLabel, ...]
    """Another label is there, which stands."""
    unknown: tuple[TrueLabel, ...]
    """No such prediction is recorded, or not yet: nothing of them is kept; they can be given again."""
    rollout_id: int | None
    """The rollout whose test has them, too; None where none is under way."""
    rollout: HandedIn | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """Takes labels."""

    database: Database
    rollouts: Rollouts
    rollout_directory: Path | None
    """Where the promoter reads labels; None: it reads none, as in a cluster."""
    clock: Clock

    def give(self, labels: Sequence[TrueLabel], by: str) -> FeedbackTaken:
        """Keep `labels`; what is known already changes nothing. Can be repeated.

        Raises RecordsError, LabelsRefused, RolloutError.
        """
        wanted = [RecordedLabel(one.request_id, one.row, one.label) for one in labels]
        written = record_labels(self.database, wanted, source=by, at=datetime.now(UTC))
        unknown = {(one.request_id, one.row) for one in written.unknown}
        under_way = self.rollouts.under_way() if self.rollout_directory is not None else None
        handed_in = None
        if under_way is not None and self.rollout_directory is not None:
            kept = FileLabels(self.rollout_directory, under_way.rollout_id)
            usable = [one for one in labels if (one.request_id, one.row) not in unknown]
            handed_in = kept.hand_in(usable, by, self.clock.now().timestamp())
        return FeedbackTaken(
            new=written.new,
            known=written.known,
            contradicting=tuple(TrueLabel(*one) for one in written.contradicting),
            unknown=tuple(TrueLabel(*one) for one in written.unknown),
            rollout_id=under_way.rollout_id if under_way is not None else None,
            rollout=handed_in,
        )
