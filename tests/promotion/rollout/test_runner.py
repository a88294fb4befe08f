"""The runner: what it does to the router when all is well, when the canary is worse, and by what it sees in a step."""

import pytest

from promotion.gate.outcome import Outcome
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutError
from tests.promotion.rollout.surroundings import Surroundings, assert_went_back

PLAN = RolloutPlan()
STEPS = list(PLAN.steps)
STEP_NUMBERS = list(range(1, len(STEPS) + 1))


def test_a_good_canary_gets_all_traffic_step_by_step(around: Surroundings) -> None:
    record = around.run(PLAN)
    assert (record.state, record.outcome, record.verdict) == (
        RolloutState.PROMOTED,
        Outcome.PROMOTE,
        Outcome.PROMOTE,
    )
    assert around.router.shares == [0, *STEPS]
    assert [seen.asked_percent for seen in record.observations] == STEPS
    for seen in record.observations:
        assert seen.seconds >= PLAN.minimum_seconds
        assert seen.counts.stable + seen.counts.canary >= PLAN.minimum_requests
        assert abs(seen.observed_percent - seen.asked_percent) < 5
    assert around.store.read_newest() == record


def test_a_worse_canary_gets_nothing(store: FileRolloutStore) -> None:
    around = Surroundings(store, canary_column="v3")
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.REJECT, "the canary is worse")
    assert set(around.router.shares) == {0}
    assert record.verdict is Outcome.REJECT


def test_every_new_state_is_reported_after_it_was_saved(store: FileRolloutStore) -> None:
    around = Surroundings(store)
    reported: list[tuple[RolloutRecord, RolloutRecord | None]] = []
    around.report = lambda record: reported.append((record, store.read_newest()))
    around.run(PLAN)
    assert len(reported) == 1 + 3 * len(STEPS)
    assert all(record == saved for record, saved in reported)


def test_each_step_waits_for_its_requests(around: Surroundings) -> None:
    around.clients.per_second = 10
    record = around.run(RolloutPlan(steps=(50, 100), minimum_requests=200))
    assert record.state is RolloutState.PROMOTED
    assert all(seen.seconds >= 20 for seen in record.observations)


def test_without_requests_a_step_is_inconclusive_at_its_deadline(around: Surroundings) -> None:
    around.clients.per_second = 0
    record = around.run(RolloutPlan(deadline_seconds=30))
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "only 0 requests in 30 s at 5 %; a step needs 100")
    assert around.router.shares == [0, 5, 0]
    assert record.verdict is Outcome.PROMOTE


def test_too_few_requests_are_no_evidence_either(around: Surroundings) -> None:
    around.clients.per_second = 1
    record = around.run(RolloutPlan(deadline_seconds=30))
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "only 30 requests")


def test_a_gateway_that_splits_otherwise_than_asked_is_no_success(around: Surroundings) -> None:
    around.clients.off_by_percent = 20
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.ERROR, "asked 5 %, observed 2")
    assert "not the split that was asked for" in record.because
    assert around.router.shares == [0, 5, 0]


@pytest.mark.parametrize("steps", [(100,), (5, 100)])
def test_stable_answering_a_little_at_100_percent_all_the_time_is_no_success(
    around: Surroundings, steps: tuple[int, ...]
) -> None:
    around.faults.always["read_counts"] = lambda: around.clients.count(
        stable=1 if around.router.router.read_split().canary_percent == 100 else 0
    )
    record = around.run(RolloutPlan(steps=steps))
    assert_went_back(record, around, Outcome.ERROR, "asked 100 %, observed 9")


def test_stable_standing_in_for_a_moment_costs_a_step_its_counts_only(around: Surroundings) -> None:
    def stand_in_once() -> None:
        if around.clock.seconds > stood_in_at and around.router.shares[-1] == 100:
            around.clients.count(stable=3)
            del around.faults.always["read_counts"]

    stood_in_at = 12.0  # in the midst of the last step
    around.faults.always["read_counts"] = stand_in_once
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED
    assert sum("asked 100 %, observed 99" in event.text for event in record.history) == 1
    assert record.observations[-1].counts.stable == 0
    assert around.router.shares == [0, *STEPS]


def test_answers_to_the_split_before_are_not_counted(around: Surroundings) -> None:
    def answer_late() -> None:
        around.clients.count(stable=8)

    for call in STEP_NUMBERS:  # slow requests, drawn before the write and answered after the confirmation
        around.faults.at("confirm_split", call, answer_late)
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED
    assert not any("failed" in event.text for event in record.history)
    assert record.observations[-1].counts.stable == 0


@pytest.mark.parametrize(
    ("before", "stable", "canary"),
    [(1000, 0, 3), (0, 90, 30)],
    ids=["fewer than before the step", "more than before the step, fewer than at the last look"],
)
def test_a_gateway_that_restarts_in_a_step_is_counted_from_its_restart(
    around: Surroundings, before: int, stable: int, canary: int
) -> None:
    def restart() -> None:
        around.clients.restart_gateway()
        around.clients.count(stable=stable, canary=canary)

    around.clients.count(stable=before)
    around.faults.at("read_counts", 10, restart)
    record = around.run(RolloutPlan(steps=(50, 100), minimum_requests=200))
    assert record.state is RolloutState.PROMOTED
    assert not any("failed" in event.text for event in record.history)
    counts = record.observations[0].counts
    assert abs(counts.stable - counts.canary) < 10


def test_nothing_is_done_that_was_not_announced_in_the_record(store: FileRolloutStore) -> None:
    around = Surroundings(store)
    announced: list[tuple[RolloutState, int]] = []

    def look() -> None:
        saved = store.read_newest()
        assert saved is not None
        announced.append((saved.state, saved.asked_percent))

    around.faults.always["write_split"] = look
    around.run(PLAN)
    assert announced == [(RolloutState.WRITING, step) for step in STEPS]


def test_a_record_that_cannot_be_saved_stops_everything_where_it_is(store: FileRolloutStore) -> None:
    class FullStore(FileRolloutStore):
        def save(self, record: RolloutRecord) -> None:
            if record.state is RolloutState.CONFIRMING:
                raise RolloutError("no space left")
            super().save(record)

    around = Surroundings(FullStore(store.directory))
    with pytest.raises(RolloutError, match="no space left"):
        around.run(PLAN)
    assert around.router.shares == [0, 5]
    saved = store.read_newest()
    assert saved is not None
    around.store = store
    assert around.resume(saved).state is RolloutState.PROMOTED
    assert around.router.shares == [0, *STEPS]
