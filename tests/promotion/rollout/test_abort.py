"""A rollout that is ended from outside: whoever is at it, and wherever it stands."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from promotion.gate.outcome import Outcome
from promotion.rollout.abort import RolloutAbort
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.orders import Order
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState, StopCode
from promotion.rollout.rollout_store import RolloutError, RolloutInterrupted, RolloutNotUsable
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import RouterUnreachable, SplitNotConfirmed
from tests.promotion.rollout.surroundings import Surroundings, assert_went_back, failing_with, new_record

PLAN = RolloutPlan()
BECAUSE = "aborted by ann@desk: clients complain"
MOMENTS = [
    ("read_revisions", 1, 0),
    ("replay_holdout", 1, 0),
    *((moment, step, step) for step in range(1, 5) for moment in ("wrote_split", "confirm_split")),
    *(("write_split", step, step - 1) for step in range(1, 5)),
    ("read_counts", 1, 1),
    ("read_counts", 3, 1),
]
"""What is called, how often, and how many steps were written by then."""


@pytest.fixture
def orders(around: Surroundings, store: FileRolloutStore) -> FileRolloutOrders:
    around.orders = FileRolloutOrders(store.directory)
    return around.orders


@pytest.fixture
def abort(around: Surroundings, orders: FileRolloutOrders) -> Callable[[], RolloutRecord | None]:
    aborting = RolloutAbort(around.router, around.store, orders, around.clock)
    return lambda: aborting.abort("ann@desk", "clients complain", patience_seconds=0)


def assert_aborted(record: RolloutRecord | None, around: Surroundings) -> None:
    assert record is not None
    assert_went_back(record, around, Outcome.INCONCLUSIVE, BECAUSE)
    assert (record.because, record.code) == (BECAUSE, StopCode.ABORTED)


@pytest.mark.parametrize(("call", "number", "steps"), MOMENTS)
def test_a_promoter_that_runs_ends_and_says_who_it_was(
    around: Surroundings, abort: Callable[[], object], call: str, number: int, steps: int
) -> None:
    def abort_in_the_midst() -> None:
        with pytest.raises(RolloutInterrupted, match="0 % goes to the canary, but the promoter goes on"):
            abort()
        assert around.router.router.read_split().canary_percent == 0

    around.faults.at(call, number, abort_in_the_midst)
    with around.store.claim():
        record = around.run(PLAN)
    assert_aborted(record, around)
    assert around.router.shares[: steps + 1] == [0, *PLAN.steps[:steps]]
    assert set(around.router.shares[steps + 1 :]) == {0}
    assert abort() == record  # it has ended: nothing is left to do


@dataclass
class LateAbort:
    """The revisions' counts, whose last reading, when the last step has seen all that it needs, is an abort."""

    abort: Callable[[], object]
    readings_left: int = 2 * len(PLAN.steps)

    def read_counts(self) -> RequestCounts:
        self.readings_left -= 1
        if self.readings_left == 0:
            with pytest.raises(RolloutInterrupted):
                self.abort()
        return RequestCounts(0, 0, 0)


def test_an_order_at_the_very_end_of_the_last_step_is_not_overlooked(
    around: Surroundings, abort: Callable[[], object]
) -> None:
    around.answered = LateAbort(abort)
    with around.store.claim():
        assert_aborted(around.run(PLAN), around)
    assert around.router.shares == [0, *PLAN.steps, 0, 0]


@pytest.mark.parametrize(("call", "number", "steps"), MOMENTS)
def test_one_whose_promoter_was_killed_is_ended_as_well(
    around: Surroundings, abort: Callable[[], RolloutRecord | None], call: str, number: int, steps: int
) -> None:
    _interrupt(around, call, number)
    writes = around.faults.calls["restore_stable"]
    ended = abort()
    assert_aborted(ended, around)
    assert around.faults.calls["restore_stable"] == writes + 1
    assert abort() == ended
    assert around.faults.calls["restore_stable"] == writes + 1


def test_one_that_goes_back_already_keeps_its_reason(store: FileRolloutStore) -> None:
    around = Surroundings(store, canary_column="v3")
    _interrupt(around, "restore_stable", 1)
    ended = RolloutAbort(around.router, store, FileRolloutOrders(store.directory), around.clock).abort("ann", "", 0)
    assert ended is not None
    assert_went_back(ended, around, Outcome.REJECT, "the canary is worse")
    assert ended.code is None


def test_a_promoter_that_is_started_again_finds_the_order(
    around: Surroundings, abort: Callable[[], object], orders: FileRolloutOrders
) -> None:
    unfinished = _interrupt(around, "read_counts", 2)
    around.faults.always["restore_stable"] = failing_with(RouterUnreachable("no gateway"))
    with pytest.raises(RouterUnreachable):
        abort()
    del around.faults.always["restore_stable"]
    assert around.store.read_newest() == unfinished
    assert_aborted(around.resume(unfinished), around)


def test_without_a_rollout_there_is_nothing_to_abort(
    around: Surroundings, abort: Callable[[], RolloutRecord | None]
) -> None:
    assert abort() is None
    assert around.router.shares == [0]


def test_a_promotion_stands(around: Surroundings, abort: Callable[[], RolloutRecord | None]) -> None:
    promoted = around.run(PLAN)
    assert abort() == promoted
    assert around.router.shares[-1] == 100


def test_a_damaged_record_does_not_keep_stable_from_being_restored(
    around: Surroundings, abort: Callable[[], object], store: FileRolloutStore
) -> None:
    unfinished = _interrupt(around, "read_counts", 2)
    store.path_of(unfinished).write_text("{}")
    with pytest.raises(RolloutNotUsable):
        abort()
    assert around.router.shares[-1] == 0


@dataclass
class FullDisk:
    """Orders that cannot be kept."""

    def give(self, _order: Order) -> None:
        raise RolloutError("no space left")

    def read_orders(self, _rollout_id: int) -> list[Order]:
        raise RolloutError("cannot be read")


def test_an_order_that_cannot_be_kept_is_carried_out(around: Surroundings) -> None:
    _interrupt(around, "read_counts", 2)
    ended = RolloutAbort(around.router, around.store, FullDisk(), around.clock).abort("ann@desk", "clients complain", 0)
    assert_aborted(ended, around)


def test_orders_that_cannot_be_read_do_not_stop_a_rollout(around: Surroundings) -> None:
    around.orders = FullDisk()
    assert around.run(PLAN).state is RolloutState.PROMOTED


def test_a_restoration_that_a_promoter_overwrote_is_proved_by_its_record_or_done_again(
    around: Surroundings, abort: Callable[[], RolloutRecord | None]
) -> None:
    _interrupt(around, "read_counts", 2)
    around.faults.at("restore_stable", 1, failing_with(SplitNotConfirmed("0 % was replaced by 0 %")))
    assert_aborted(abort(), around)
    assert around.faults.calls["restore_stable"] == 2


def test_an_order_for_an_earlier_rollout_is_not_this_ones(
    around: Surroundings, abort: Callable[[], RolloutRecord | None]
) -> None:
    _interrupt(around, "read_counts", 2)
    assert_aborted(abort(), around)
    assert around.resume(replace(new_record(PLAN), rollout_id=2)).state is RolloutState.PROMOTED


class Killed(BaseException):
    """As a signal ends a process in the middle of anything."""


def _interrupt(around: Surroundings, call: str, number: int) -> RolloutRecord:
    around.faults.at(call, number, failing_with_killed)
    with pytest.raises(Killed):
        around.run(PLAN)
    record = around.store.read_newest()
    assert record is not None
    return record


def failing_with_killed() -> None:
    raise Killed
