"""Pauses, approvals and the deadline of the whole rollout, as the runner carries them out."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from promotion.gate.outcome import Outcome
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.orders import Order, OrderKind
from promotion.rollout.record import Pause, RolloutPlan, RolloutRecord, RolloutState, StopCode
from tests.promotion.rollout.events import AT
from tests.promotion.rollout.surroundings import OTHER_DIGEST, Surroundings, assert_went_back, new_record

STEPS = (20, 60, 100)
PAUSED = RolloutPlan(STEPS, pauses=(Pause(60, 600.0),))
APPROVED = RolloutPlan(STEPS, approvals=(60,), approval_seconds=900.0)


@pytest.fixture
def orders(around: Surroundings, store: FileRolloutStore) -> FileRolloutOrders:
    around.orders = FileRolloutOrders(store.directory)
    return around.orders


def when(around: Surroundings, state: RolloutState, action: Callable[[], None], after_seconds: float = 5.0) -> None:
    """Do `action` once, that long after `state` was entered."""
    entered: list[float] = []

    def note(record: RolloutRecord) -> None:
        if record.state is state and not entered:
            entered.append(around.clock.seconds)

    def look() -> None:
        if entered and around.clock.seconds >= entered[0] + after_seconds:
            del around.faults.always["read_revisions"]
            action()

    around.report = note
    around.faults.always["read_revisions"] = look


def test_a_pause_leaves_the_split_as_it_is_for_its_time(around: Surroundings) -> None:
    record = around.run(PAUSED)
    assert record.state is RolloutState.PROMOTED
    assert around.router.shares == [0, *STEPS]
    (paused,) = (event for event in record.history if event.state is RolloutState.PAUSING)
    (over,) = (event for event in record.history if event.text == "paused for 600 s before 60 %")
    assert (paused.text[:9], over.at > paused.at) == ("asked 20 ", True)
    assert around.clock.seconds > 600
    assert sum(seen.seconds for seen in record.observations) < 20


def test_a_step_that_is_approved_is_taken_and_says_by_whom(around: Surroundings, orders: FileRolloutOrders) -> None:
    order = Order(1, OrderKind.APPROVE, "ann@desk", AT, "looks well", 60)
    when(around, RolloutState.AWAITING, lambda: orders.give(order))
    record = around.run(APPROVED)
    assert record.state is RolloutState.PROMOTED
    assert around.router.shares == [0, *STEPS]
    assert "60 % approved by ann@desk: looks well" in [event.text for event in record.history]


def test_a_step_that_nobody_approves_goes_back(around: Surroundings, orders: FileRolloutOrders) -> None:
    orders.give(Order(1, OrderKind.APPROVE, "ann@desk", AT, percent=100))  # another step than the one that waits
    record = around.run(APPROVED)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "nobody approved 60 % within 900 s")
    assert record.code is StopCode.NOT_APPROVED
    assert around.router.shares == [0, 20, 0]


@pytest.mark.parametrize(
    ("plan", "state"), [(PAUSED, RolloutState.PAUSING), (APPROVED, RolloutState.AWAITING)], ids=["pause", "approval"]
)
@pytest.mark.parametrize("trouble", ["another bundle", "another split", "failures", "abort"])
def test_a_wait_watches_what_traffic_does(
    around: Surroundings, orders: FileRolloutOrders, plan: RolloutPlan, state: RolloutState, trouble: str
) -> None:
    actions: dict[str, tuple[Callable[[], None], Outcome, str]] = {
        "another bundle": (lambda: setattr(around.revisions, "canary_digest", OTHER_DIGEST), Outcome.ERROR, "runs"),
        "another split": (lambda: around.router.set_by_hand(3), Outcome.INCONCLUSIVE, "set the split to 3 %"),
        "failures": (lambda: around.clients.count(failed=500), Outcome.REJECT, "requests failed at 20 %"),
        "abort": (
            lambda: orders.give(Order(1, OrderKind.ABORT, "ann@desk", AT)),
            Outcome.INCONCLUSIVE,
            "aborted by ann@desk",
        ),
    }
    action, outcome, because = actions[trouble]
    when(around, state, action)
    record = around.run(plan)
    assert_went_back(record, around, outcome, because)
    assert 60 not in around.router.shares
    assert around.clock.seconds < 60


def test_what_stable_fails_alone_before_the_first_step_is_not_the_canarys_fault(around: Surroundings) -> None:
    when(around, RolloutState.PAUSING, lambda: around.clients.count(failed=500))
    assert around.run(RolloutPlan(STEPS, pauses=(Pause(20, 60.0),))).state is RolloutState.PROMOTED


def test_an_approval_that_came_while_the_promoter_was_dead_counts(
    around: Surroundings, orders: FileRolloutOrders
) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    when(around, RolloutState.AWAITING, kill)
    with pytest.raises(Killed):
        around.run(APPROVED)
    unfinished = around.store.read_newest()
    assert unfinished is not None
    assert (unfinished.state, unfinished.intended_percent) == (RolloutState.AWAITING, 20)
    orders.give(Order(1, OrderKind.APPROVE, "ann@desk", AT, percent=60))
    assert around.resume(unfinished).state is RolloutState.PROMOTED
    assert around.router.shares == [0, *STEPS]


@pytest.mark.parametrize(
    ("seconds", "plan", "shares"),
    [(0.0, PAUSED, [0, 0]), (2.0, PAUSED, [0, 20, 0]), (30.0, PAUSED, [0, 20, 0]), (30.0, APPROVED, [0, 20, 0])],
    ids=["before the verdict", "in a step", "in a pause", "in the wait for an approval"],
)
def test_a_rollout_that_is_overdue_goes_back(
    around: Surroundings, seconds: float, plan: RolloutPlan, shares: list[int]
) -> None:
    record = around.resume(_begun(around, replace(plan, rollout_seconds=seconds)))
    assert_went_back(record, around, Outcome.INCONCLUSIVE, f"not promoted within {seconds:g} s")
    assert record.code is StopCode.OVERDUE
    assert around.router.shares == shares
    assert around.clock.seconds <= seconds + 1


def test_a_rollout_within_its_deadline_is_promoted(around: Surroundings) -> None:
    record = around.resume(_begun(around, RolloutPlan(STEPS, rollout_seconds=60.0)))
    assert record.state is RolloutState.PROMOTED


def test_a_clock_that_jumps_past_the_deadline_goes_back_rather_than_on(around: Surroundings) -> None:
    record = _begun(around, RolloutPlan(STEPS, rollout_seconds=3600.0))

    def jump() -> None:
        around.clock.seconds += 7200

    around.faults.at("confirm_split", 2, jump)
    assert_went_back(around.resume(record), around, Outcome.INCONCLUSIVE, "not promoted within 3600 s")


def test_a_record_that_does_not_say_when_it_began_has_no_deadline(around: Surroundings) -> None:
    assert around.run(RolloutPlan(STEPS, rollout_seconds=1.0)).state is RolloutState.PROMOTED


def _begun(around: Surroundings, plan: RolloutPlan) -> RolloutRecord:
    return replace(new_record(plan), began_at=around.clock.now().isoformat())
