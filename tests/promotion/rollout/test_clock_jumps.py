"""The time of day is set while a rollout runs, ahead or back: what it waits for goes by seconds that never go back."""

from dataclasses import replace

import pytest

from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy, LiveLabelPolicy
from promotion.rollout.record import Pause, RolloutPlan, RolloutState, StopCode
from tests.promotion.rollout.recorded_traffic import recorded
from tests.promotion.rollout.surroundings import Surroundings, assert_went_back, new_record

A_DAY = 86_400.0
PLAN = RolloutPlan((20, 100), pauses=(Pause(100, 10.0),), minimum_seconds=5.0)
CALLS = [("read_revisions", 2), ("write_split", 1), ("confirm_split", 1), ("read_counts", 4), ("read_counts", 30)]


@pytest.mark.parametrize("seconds", [A_DAY, -A_DAY], ids=["ahead", "back"])
@pytest.mark.parametrize(("call", "number"), CALLS)
def test_a_rollout_without_a_deadline_takes_the_same_steps_for_as_long(
    around: Surroundings, seconds: float, call: str, number: int
) -> None:
    around.faults.at(call, number, lambda: around.clock.jump(seconds))
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED, record.because
    assert around.router.shares == [0, 20, 100]
    assert 20 <= around.clock.seconds < 30
    assert around.faults.calls[call] >= number


@pytest.mark.parametrize(("call", "number"), CALLS)
def test_a_deadline_that_the_clock_jumps_over_goes_back_rather_than_on(
    around: Surroundings, call: str, number: int
) -> None:
    around.faults.at(call, number, lambda: around.clock.jump(A_DAY))
    begun = replace(new_record(replace(PLAN, rollout_seconds=3600.0)), began_at=around.clock.now().isoformat())
    record = around.resume(begun)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "not promoted within 3600 s")
    assert record.code is StopCode.OVERDUE
    assert 100 not in around.router.shares


def test_a_clock_that_is_set_back_leaves_a_rollout_more_of_its_deadline(around: Surroundings) -> None:
    around.faults.at("read_counts", 4, lambda: around.clock.jump(-A_DAY))
    begun = replace(new_record(replace(PLAN, rollout_seconds=3600.0)), began_at=around.clock.now().isoformat())
    assert around.resume(begun).state is RolloutState.PROMOTED


@pytest.mark.parametrize("seconds", [A_DAY, -A_DAY], ids=["ahead", "back"])
def test_labels_that_a_jump_leaves_behind_are_no_pass_and_no_harm(around: Surroundings, seconds: float) -> None:
    """Set back, answers seem to be older than the verdict, or too young; set ahead, none of them is lost."""
    policy = GatePolicy(live_labels=LiveLabelPolicy(required=True, minimum_rows=20, lag_seconds=2.0))
    recorded(around, policy)
    around.faults.at("confirm_split", 1, lambda: around.clock.jump(seconds))
    record = around.run(RolloutPlan((50, 100), minimum_seconds=5.0, deadline_seconds=20.0))
    if seconds > 0:
        assert record.state is RolloutState.PROMOTED, record.because
        return
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "no labels of live answers that can be gone by")
    assert record.code is StopCode.NO_LIVE_LABELS
