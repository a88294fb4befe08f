"""What a rollout asks of whatever splits the traffic.

A rollout writes an intent, reads it back, and waits until it is in force. Every router in this package keeps the
promises below, and tests/contract/test_traffic_router.py holds all of them to the promises.

    RouterError
    ├── SplitConflict       somebody wrote since the split was read
    ├── SplitNotConfirmed   written, but not in force within the time given
    └── RouterUnreachable   nothing is known; the call can be repeated
"""

from dataclasses import dataclass
from typing import Protocol

from promotion.errors import PromotionError


class RouterError(PromotionError):
    """Base of what a router raises."""


class SplitConflict(RouterError):
    """Somebody wrote since the split was read; nothing was changed."""


class SplitNotConfirmed(RouterError):
    """The split was written, but is not in force."""


class RouterUnreachable(RouterError):
    """Nothing is known of the split; the call can be repeated."""


@dataclass(frozen=True, slots=True)
class Split:
    """The canary's share of the inference requests."""

    canary_percent: int
    """0..100; the rest goes to stable."""
    written_as: str
    """Token of the write that this was read from; no two writes share one."""
    mirrors: bool = False
    """Whether the canary is sent a copy of each request that stable answers; nobody gets what it answers to that."""


class MirroringRouter(Protocol):
    """What a router has beside its four verbs that can mirror requests; not every one can."""

    def write_mirror(self, since: Split) -> Split:
        """Ask for 0 % with a mirror, as `write_split` asks for a share; any later split ends it.

        A copy counts for neither revision, and no client waits for it. Raises as `write_split` does.
        """


class TrafficRouter(Protocol):
    """Splits the inference requests of one route between a stable and a canary revision."""

    def read_split(self) -> Split:
        """The split that was last written. Raises RouterUnreachable. Can be repeated."""

    def write_split(self, canary_percent: int, since: Split) -> Split:
        """Ask for a split, unless somebody has written `since` it was read.

        Then SplitConflict is raised and nothing is changed. Raises RouterUnreachable, and ValueError for a percentage
        outside 0..100. A repeated call with the same `since` conflicts with its own first write: read again first.
        """

    def confirm_split(self, split: Split, timeout_seconds: float) -> None:
        """Return once requests really go by `split`.

        Raises SplitNotConfirmed after `timeout_seconds`, or as soon as the router refuses the split; RouterUnreachable.
        Can be repeated.
        """

    def restore_stable(self) -> None:
        """Send everything to stable, whoever wrote last, and return once that is in force.

        The one call that is never refused for a conflict. Raises RouterUnreachable, SplitNotConfirmed. Can be repeated.
        """
