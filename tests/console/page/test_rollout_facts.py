"""A rollout as the page says it, in each of its states."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from console.page.rollout_facts import splits, state_text, steps, time_facts
from promotion.gate.outcome import Outcome
from promotion.rollout.record import RolloutEvent, RolloutPlan, RolloutRecord, RolloutState, StepObservation
from promotion.rollout.status import rollout_status
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split

RECORD = RolloutRecord(
    rollout_id=3,
    plan=RolloutPlan(steps=(25, 100), minimum_requests=200, minimum_seconds=30),
    stable_digest="stable",
    canary_digest="canary",
    holdout_digest="holdout",
    policy_digest="policy",
    split=Split(25, "a write"),
    verdict=Outcome.PROMOTE,
    counts_before=RequestCounts(100, 0, 0),
    history=(RolloutEvent("2026-11-30T10:00:00+00:00", RolloutState.OBSERVING, "split in force: 25 %"),),
)


@pytest.mark.parametrize("state", list(RolloutState))
def test_each_state_has_a_sentence_of_its_own(state: RolloutState) -> None:
    text = state_text(replace(RECORD, state=state))
    assert not text.startswith("It is ")
    assert "{" not in text


def test_a_step_under_way_is_told_with_what_is_counted_and_what_is_left() -> None:
    observing = replace(RECORD, state=RolloutState.OBSERVING)
    now = datetime(2026, 11, 30, 10, 0, 10, tzinfo=UTC)
    status = rollout_status(observing, None, now, counted=RequestCounts(160, 40, 0))
    assert [(one.name, one.told) for one in splits(status)] == [
        ("Asked", "25 % to the canary"),
        ("Observed by the gateway", "40.0 % of 100 requests"),
    ]
    assert [(one.percent, one.look) for one in steps(observing)] == [(25, "now"), (100, "")]
    assert dict(time_facts(status)) == {
        "In this state for": "10 s",
        "Requests still needed": "100",
        "Lasts at least": "20 s more",
        "Goes back in": "110 s",
    }


def test_a_rollout_that_went_back_says_how_far_it_came() -> None:
    seen = StepObservation(25, RequestCounts(150, 50, 0), 1.0, 30.0)
    ended = replace(RECORD, state=RolloutState.RESTORED, step=1, observations=(seen,), outcome=Outcome.REJECT)
    assert [(one.look, one.told) for one in steps(ended)] == [("done", "25.0 % seen"), ("stopped", "stopped")]
    status = rollout_status(ended, None, datetime(2026, 11, 30, 11, tzinfo=UTC))
    assert [one.told for one in splits(status)] == ["0 % to the canary", "25.0 % of 200 requests"]
    refused = replace(RECORD, state=RolloutState.RESTORED, verdict=Outcome.REJECT, outcome=Outcome.REJECT)
    assert [one.told for one in steps(refused)] == ["not reached", "not reached"]
