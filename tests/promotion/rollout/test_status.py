"""A rollout's status from values alone: what is counted of a step, the time that is left, the verdict's numbers."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.gate.outcome import Outcome
from promotion.rollout.events import Failed
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from promotion.rollout.status import StepTime, rollout_status, status_to_json
from promotion.rollout.transitions import advance
from promotion.routers.request_counts import RequestCounts
from tests.promotion.rollout.events import AT, begun, plans, possible_events, success_of
from tests.promotion.rollout.surroundings import Faults, Revisions, judge_by, new_record

PLAN = RolloutPlan(steps=(20, 100), minimum_requests=100, minimum_seconds=10, deadline_seconds=60)
BEGAN = datetime.fromisoformat(AT)


def observing(plan: RolloutPlan = PLAN) -> RolloutRecord:
    record = begun(plan)
    while record.state is not RolloutState.OBSERVING:
        record = advance(record, success_of(record), AT)
    return replace(record, counts_before=RequestCounts(1000, 10, 5), answered_before=RequestCounts(50, 0, 0))


def test_a_step_under_way_is_counted_from_where_it_began() -> None:
    now = BEGAN + timedelta(seconds=4)
    status = rollout_status(observing(), None, now, RequestCounts(1030, 20, 6), RequestCounts(79, 9, 0))
    assert status.under_way is not None
    assert (status.under_way.counts, status.under_way.answered) == (RequestCounts(30, 10, 1), RequestCounts(29, 9, 0))
    assert (status.under_way.asked_percent, status.under_way.observed_percent) == (20, 25)
    assert 0.2 < status.under_way.split_p_value < 0.6
    assert status.time == StepTime(seconds=4, seconds_at_least=6, seconds_at_most=56, requests_at_least=60)


@pytest.mark.parametrize(
    ("record", "counted"),
    [
        (observing(), None),
        (observing(), RequestCounts(3, 1, 0)),
        (advance(observing(), Failed("a moment"), AT), RequestCounts(2000, 200, 0)),
    ],
    ids=["the gateway is away", "the gateway was restarted", "the step is counted anew"],
)
def test_what_cannot_be_counted_is_not_known_rather_than_nothing(
    record: RolloutRecord, counted: RequestCounts | None
) -> None:
    status = rollout_status(record, None, BEGAN + timedelta(seconds=90), counted)
    assert status.under_way is None
    assert status.time == StepTime(seconds=90, seconds_at_least=0, seconds_at_most=0, requests_at_least=None)


def test_the_numbers_are_those_of_this_rollouts_verdict_only() -> None:
    record = new_record(PLAN)
    evidence = judge_by(Revisions(Faults()))(record)
    assert rollout_status(record, evidence, BEGAN).numbers is None
    judged = replace(record, verdict=Outcome.PROMOTE)
    numbers = rollout_status(judged, evidence, BEGAN).numbers
    assert numbers is not None
    assert (numbers.verdict, numbers.n, numbers.b, numbers.c) == (Outcome.PROMOTE, 400, 0, 20)
    assert rollout_status(replace(judged, canary_digest="another"), evidence, BEGAN).numbers is None
    assert rollout_status(replace(judged, verdict=Outcome.REJECT), evidence, BEGAN).numbers is None


def test_a_clock_that_went_back_gives_no_negative_time() -> None:
    status = rollout_status(observing(), None, BEGAN - timedelta(hours=1))
    assert (status.seconds_since, status.time) == (0, StepTime(0, 10, 60, None))


@given(data=st.data())
def test_every_record_has_a_status_and_a_document(data: st.DataObject) -> None:
    record = begun(data.draw(plans))
    for _ in range(data.draw(st.integers(0, 12))):
        if not record.is_finished:
            record = advance(record, data.draw(possible_events(record)), AT)
    status = rollout_status(record, None, BEGAN, RequestCounts(10**7, 10**7, 0))
    waits = {RolloutState.OBSERVING, RolloutState.PAUSING, RolloutState.AWAITING}
    assert (status.time is not None) == (record.state in waits)
    assert status_to_json(status).startswith(b"{")
