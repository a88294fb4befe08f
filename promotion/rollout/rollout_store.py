"""Where a rollout's record lives, so that another process can go on with it.

RolloutError
├── RolloutUnderWay       another process is at it
├── RolloutNotUsable      the record is damaged, or belongs to another canary, holdout or policy
└── RolloutInterrupted    stable could not be restored; the record says so, and the call can be repeated
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from promotion.errors import PromotionError
from promotion.rollout.record import RolloutRecord


class RolloutError(PromotionError):
    """Base of what a rollout and its store raise."""


class RolloutUnderWay(RolloutError):
    """Another process is at a rollout of this store."""


class RolloutNotUsable(RolloutError):
    """The record is damaged, or belongs to another canary, holdout or policy."""


class RolloutInterrupted(RolloutError):
    """Stable could not be restored; the record says so, and the call can be repeated."""


class RolloutStore(Protocol):
    """Keeps the records of one route's rollouts, newest last."""

    def claim(self) -> AbstractContextManager[None]:
        """Be the only one to run a rollout while the context is open; RolloutUnderWay when somebody else is.

        Raises RolloutError when the store cannot be written.
        """

    def read_newest(self) -> RolloutRecord | None:
        """The newest record, finished or not; None when there is none. Raises RolloutNotUsable. Can be repeated."""

    def read_kept(self) -> Sequence[RolloutRecord]:
        """Every record that is kept, oldest first. Raises RolloutNotUsable. Can be repeated."""

    def save(self, record: RolloutRecord) -> None:
        """Replace what is kept of this rollout, in one atomic write: after a crash it is the old or the new, whole.

        Raises RolloutError when it cannot be written. Can be repeated.
        """
