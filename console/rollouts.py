"""Looks at the rollouts that deployments began, and ends one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from console.errors import NotFound
from promotion.clock import Clock
from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import RolloutRecord
from promotion.rollout.status import RolloutStatus, rollout_status

ABORT_SECONDS = 30.0
"""How long the promoter may take to end by itself; everything goes to stable before."""


class RolloutWatch(Protocol):
    """Looks at the rollouts of a place from outside, as the program `assay rollout status` does."""

    @property
    def read_evidence(self) -> Callable[[RolloutRecord], EvidenceRecord | None]:
        """What a rollout's verdict rests on; None where it was not kept."""

    def read_status(self) -> RolloutStatus | None:
        """How the newest rollout stands; None before the first. Raises RolloutError. Can be repeated."""

    def read_kept(self) -> Sequence[RolloutRecord]:
        """The rollouts that are kept, oldest first. Raises RolloutError. Can be repeated."""


class RolloutEnd(Protocol):
    """What ends the rollout of a place (promotion/rollout/abort.py)."""

    def abort(self, by: str, reason: str, patience_seconds: float) -> RolloutRecord | None:
        """Send everything to stable, and return the newest record as it ended. Raises PromotionError."""


@dataclass(frozen=True, slots=True)
class Rollouts:
    """The rollouts of one gateway."""

    watch: RolloutWatch
    abort_rollout: RolloutEnd
    clock: Clock

    def look(self) -> Sequence[RolloutRecord]:
        """All of them, oldest first. Raises RolloutError."""
        return self.watch.read_kept()

    def find(self, rollout_id: int) -> RolloutStatus:
        """One of them; of the newest also what is counted now. Raises NotFound, RolloutError."""
        newest = self.watch.read_status()
        if newest is not None and newest.rollout.rollout_id == rollout_id:
            return newest
        record = next((one for one in self.watch.read_kept() if one.rollout_id == rollout_id), None)
        if record is None:
            raise NotFound(f"there is no rollout {rollout_id}")
        return rollout_status(record, self.watch.read_evidence(record), self.clock.now())

    def evidence(self, rollout_id: int) -> EvidenceRecord | None:
        """What its verdict rests on; None before there is one. Raises NotFound, RolloutError."""
        return self.watch.read_evidence(self.find(rollout_id).rollout)

    def under_way(self) -> RolloutRecord | None:
        """The newest one while it has not ended. Raises RolloutError."""
        newest = self.watch.read_status()
        return newest.rollout if newest is not None and not newest.rollout.is_finished else None

    def abort(self, rollout_id: int, by: str, reason: str) -> RolloutStatus:
        """Send everything to stable at once and end it; one that has ended is left as it is. Can be repeated.

        Raises NotFound; RouterError where stable is not restored, RolloutInterrupted where its promoter goes on.
        """
        found = self.find(rollout_id)
        if not found.rollout.is_finished:
            self.abort_rollout.abort(by, reason, ABORT_SECONDS)
        return self.find(rollout_id)
