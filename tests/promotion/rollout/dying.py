"""A store and a router in whose calls the process dies: killed outright, before or after the n-th change they make."""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, TypeVar, cast

from promotion.rollout.record import RolloutRecord
from promotion.rollout.rollout_store import RolloutStore
from promotion.routers.traffic_router import MirroringRouter, Split, TrafficRouter

T = TypeVar("T")
When = Literal["before", "after"]


@dataclass
class Death:
    """Comes at the `call`-th change, counted over the store and the router together; never where it is None."""

    call: int | None
    when: When = "after"
    changes: int = field(default=0, init=False)

    def around(self, change: Callable[[], T]) -> T:
        self.changes += 1
        if self.changes == self.call and self.when == "before":
            _die()
        result = change()
        if self.changes == self.call:
            _die()
        return result


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class DyingStore:
    store: RolloutStore
    death: Death

    def claim(self) -> AbstractContextManager[None]:
        return self.store.claim()

    def read_newest(self) -> RolloutRecord | None:
        return self.store.read_newest()

    def read_kept(self) -> Sequence[RolloutRecord]:
        return self.store.read_kept()

    def save(self, record: RolloutRecord) -> None:
        self.death.around(lambda: self.store.save(record))


@dataclass(frozen=True)
class DyingRouter:
    router: TrafficRouter
    death: Death

    def read_split(self) -> Split:
        return self.router.read_split()

    def write_split(self, canary_percent: int, since: Split) -> Split:
        return self.death.around(lambda: self.router.write_split(canary_percent, since))

    def write_mirror(self, since: Split) -> Split:
        mirroring = cast("MirroringRouter", self.router)
        return self.death.around(lambda: mirroring.write_mirror(since))

    def confirm_split(self, split: Split, timeout_seconds: float) -> None:
        self.router.confirm_split(split, timeout_seconds)

    def restore_stable(self) -> None:
        self.death.around(self.router.restore_stable)
