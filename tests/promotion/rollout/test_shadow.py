"""The shadow before the first step: both answer the same requests, nobody gets the canary's, and traffic is at 0 %."""

from dataclasses import replace

import pytest

from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.orders import Order, OrderKind
from promotion.rollout.record import (
    Pause,
    RolloutPlan,
    RolloutRecord,
    RolloutState,
    StopCode,
    record_from_json,
    record_to_json,
)
from promotion.routers.traffic_router import RouterUnreachable
from tests.promotion.rollout.events import AT
from tests.promotion.rollout.recorded_traffic import recorded
from tests.promotion.rollout.surroundings import (
    OTHER_DIGEST,
    Surroundings,
    assert_went_back,
    failing_with,
    new_record,
)

PLAN = RolloutPlan(steps=(50, 100), shadow_requests=100, shadow_seconds=3.0, deadline_seconds=30)
POLICY = GatePolicy()


def test_the_agreement_is_kept_and_traffic_begins_after_it(around: Surroundings) -> None:
    recorded(around, POLICY).canary_says = lambda number: "wrong" if number % 20 == 0 else "right"
    record = around.run(replace(PLAN, pauses=(Pause(50, 2.0),)))
    assert record.state is RolloutState.PROMOTED, record.because
    assert record.shadow is not None
    assert record.shadow.requests >= 100
    assert record.shadow.rows == record.shadow.requests
    assert 0.9 < record.shadow.agreed / record.shadow.rows < 0.97
    assert around.router.mirrors == 1
    assert around.router.shares == [0, 50, 100]
    assert not around.router.router.read_split().mirrors
    states = [event.state for event in record.history]
    assert states[:4] == ["mirroring", "shadowing", "pausing", "writing"]
    assert record.history[2].text.startswith("shadow: both answered 1")
    assert record_from_json(record_to_json(record)) == record


def test_a_shadow_that_the_canary_does_not_answer_goes_back(around: Surroundings) -> None:
    recorded(around, POLICY).canary_records = False
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "both answered only 0 mirrored requests in 30 s")
    assert record.code is StopCode.NO_SHADOW
    assert around.router.shares == [0, 0]
    assert not around.router.router.read_split().mirrors


def test_a_rejected_canary_is_sent_no_copies(around: Surroundings) -> None:
    around.revisions.canary_column = "v3"
    recorded(around, POLICY)
    record = around.run(PLAN)
    assert (record.state, record.outcome) == (RolloutState.RESTORED, Outcome.REJECT)
    assert around.router.mirrors == 0


def test_labels_can_show_harm_in_a_shadow(around: Surroundings) -> None:
    recorded(around, POLICY).canary_says = lambda _number: "wrong"
    record = around.run(replace(PLAN, shadow_requests=100_000))
    assert_went_back(record, around, Outcome.REJECT, "by true labels")
    assert record.code is StopCode.LIVE_HARM_SHOWN
    assert around.router.shares == [0, 0]


def test_who_looks_sees_the_agreement_and_the_labels_together(around: Surroundings) -> None:
    recorded(around, POLICY)
    seen: list[RolloutRecord] = []

    def look() -> None:
        record = around.store.read_newest()
        if record is not None and record.state is RolloutState.SHADOWING:
            seen.append(record)

    around.clock.before_sleep = look
    around.run(PLAN)
    assert len(seen) > 3
    assert all(record.shadow is not None and record.labels is not None for record in seen)


@pytest.mark.parametrize("trouble", ["another bundle", "another split", "abort"])
def test_a_shadow_ends_by_what_ends_a_step(around: Surroundings, store: FileRolloutStore, trouble: str) -> None:
    traffic, orders = recorded(around, POLICY), FileRolloutOrders(store.directory)
    around.orders = orders

    def look() -> None:
        traffic.record()
        record = store.read_newest()
        if record is not None and record.shadow is not None and record.shadow.requests > 50:
            around.faults.always["read_revisions"] = traffic.record
            if trouble == "another bundle":
                around.revisions.canary_digest = OTHER_DIGEST
            if trouble == "abort":
                orders.give(Order(1, OrderKind.ABORT, "ann@desk", AT, "no"))
            if trouble != "another bundle":
                around.router.router.restore_stable()

    around.faults.always["read_revisions"] = look
    record = around.run(PLAN)
    outcome = Outcome.ERROR if trouble == "another bundle" else Outcome.INCONCLUSIVE
    because = {"another bundle": "runs", "another split": "set the split to 0 %", "abort": "aborted by ann@desk: no"}
    assert_went_back(record, around, outcome, because[trouble])
    assert not around.router.router.read_split().mirrors


def test_a_mirror_whose_answer_is_lost_is_found_and_not_written_again(around: Surroundings) -> None:
    recorded(around, POLICY)
    around.faults.at("wrote_mirror", 1, failing_with(RouterUnreachable("lost")))
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED, record.because
    assert around.router.mirrors == 1
    assert "attempt 1 failed: lost" in [event.text for event in record.history]


def test_a_mirror_that_is_not_this_rollouts_is_put_back(around: Surroundings) -> None:
    recorded(around, POLICY)
    around.router.router.write_mirror(around.router.router.read_split())
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.ERROR, "the canary takes copies of the requests without a verdict")


def test_a_shadow_without_records_is_an_error(around: Surroundings) -> None:
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.ERROR, "it needs a router that mirrors requests, and what both revisions")
    assert around.router.mirrors == 0


def test_a_shadow_goes_on_where_it_was_left(around: Surroundings) -> None:
    """What both answered before the promoter was killed counts: its records are there."""
    recorded(around, POLICY)
    around.faults.at("read_split", 6, failing_with(KeyboardInterrupt()))  # as a kill: nobody catches it
    with pytest.raises(KeyboardInterrupt):
        around.resume(new_record(replace(PLAN, shadow_requests=200)))
    left = around.store.read_newest()
    assert left is not None
    assert left.state is RolloutState.SHADOWING
    assert around.router.router.read_split().mirrors
    record = around.resume(left)
    assert record.state is RolloutState.PROMOTED, record.because
    assert around.router.mirrors == 1


@pytest.mark.parametrize(
    "fields",
    [{"shadow_requests": -1}, {"shadow_seconds": -1.0}, {"shadow_seconds": 121.0}, {"shadow_seconds": float("nan")}],
)
def test_a_shadow_of_no_sense_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a shadow of "):
        replace(RolloutPlan(), **fields)  # type: ignore[arg-type]  # the values are of many types
