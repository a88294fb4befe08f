"""A store that keeps nothing: for a dry run, which nobody has to resume."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from promotion.rollout.record import RolloutRecord


class DiscardRolloutStore:
    """Forgets every record; there is never an earlier one."""

    def claim(self) -> AbstractContextManager[None]:
        """Never refused: nothing is shared."""
        return nullcontext()

    def read_newest(self) -> RolloutRecord | None:
        """Always None."""
        return None

    def read_kept(self) -> Sequence[RolloutRecord]:
        """Always none."""
        return ()

    def save(self, record: RolloutRecord) -> None:
        """Keep nothing."""
