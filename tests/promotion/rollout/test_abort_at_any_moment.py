"""An abort that comes at any moment of a rollout that really runs meanwhile, in a thread of its own."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from time import sleep

import pytest

from promotion.clock import SystemClock
from promotion.rollout.abort import RolloutAbort
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import Pause, RolloutPlan, RolloutState
from promotion.rollout.runner import RolloutRunner
from promotion.routers.dry_run import DryRunRouter
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split
from tests.promotion.rollout.surroundings import Faults, Revisions, judge_by, new_record

PLAN = RolloutPlan(
    minimum_requests=0, minimum_seconds=0.02, settle_seconds=0, deadline_seconds=5, pauses=(Pause(50, 0.02),)
)

MOMENTS = 20
ROLLOUT_SECONDS = 1.3
"""About what it takes; a little more, so that the last aborts come too late."""


@dataclass
class SharedRouter:
    """The dry run as two threads may use it: a write is of one of them at a time, as a router promises."""

    router: DryRunRouter = field(default_factory=lambda: DryRunRouter(report=lambda _line: None))
    lock: Lock = field(default_factory=Lock)

    def read_split(self) -> Split:
        with self.lock:
            return self.router.read_split()

    def write_split(self, canary_percent: int, since: Split) -> Split:
        with self.lock:
            return self.router.write_split(canary_percent, since)

    def confirm_split(self, split: Split, timeout_seconds: float) -> None:
        with self.lock:
            self.router.confirm_split(split, timeout_seconds)

    def restore_stable(self) -> None:
        with self.lock:
            self.router.restore_stable()


@dataclass
class NoRequests:
    def read_counts(self) -> RequestCounts:
        return RequestCounts(0, 0, 0)


@pytest.mark.slow
def test_stable_is_restored_whatever_the_promoter_is_about_to_do(tmp_path: Path) -> None:
    ends: Counter[str] = Counter()
    for moment in range(MOMENTS):
        folder = tmp_path / str(moment)
        store, orders, router, clock = (
            FileRolloutStore(folder),
            FileRolloutOrders(folder),
            SharedRouter(),
            SystemClock(),
        )
        source = Revisions(Faults())
        seams = (router, NoRequests(), source, judge_by(source), store, clock, lambda _record: None)
        runner = RolloutRunner(*seams, orders=orders)

        def promote(runner: RolloutRunner = runner, store: FileRolloutStore = store) -> None:
            with store.claim():
                runner.run(new_record(PLAN))

        promoter = Thread(target=promote)
        promoter.start()
        while store.read_newest() is None:
            sleep(0.001)
        sleep(moment * ROLLOUT_SECONDS / MOMENTS)
        ended = RolloutAbort(router, store, orders, clock).abort("ann@desk", "", patience_seconds=20)
        split_then = router.read_split().canary_percent
        promoter.join()
        assert ended is not None
        ends[ended.state] += 1
        assert ended == store.read_newest()
        assert router.read_split().canary_percent == split_then
        assert split_then == 0 or ended.state is RolloutState.PROMOTED
        assert ended.state is RolloutState.PROMOTED or ended.because == "aborted by ann@desk"
    assert ends[RolloutState.RESTORED] > MOMENTS / 4
