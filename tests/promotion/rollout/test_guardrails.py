"""Guardrails in a rollout: harm goes back at once, what cannot be seen is no pass, and the record has the numbers."""

from dataclasses import dataclass, field, replace

import pytest

from promotion.gate.outcome import Outcome
from promotion.gate.policy import GuardrailPolicy
from promotion.guardrails.findings import GuardrailState
from promotion.guardrails.guardrail_source import LiveMetricsMissing
from promotion.guardrails.served_requests import ServedPair
from promotion.guardrails.watch import Guardrails
from promotion.rollout.record import (
    Pause,
    RolloutPlan,
    RolloutState,
    StopCode,
    record_from_json,
    record_to_json,
)
from tests.promotion.guardrails.counted import served
from tests.promotion.rollout.surroundings import Clients, Surroundings, assert_went_back

POLICY = GuardrailPolicy()
PLAN = RolloutPlan(maximum_failed_percent=100)


@dataclass
class CountedClients:
    """What the clients of the surroundings were answered, as a source counts it: the shares may be changed."""

    clients: Clients
    canary_fails: float = 0.0
    canary_is_slow: float = 0.0
    is_away: bool = False
    name: str = "gateway"
    _counted: ServedPair = field(default_factory=lambda: ServedPair(served(0), served(0)))
    _seen: tuple[int, int] = (0, 0)

    def read_served(self) -> ServedPair:
        if self.is_away:
            raise LiveMetricsMissing("the gateway says nothing")
        counts = self.clients.read_counts()
        stable, canary = counts.stable - self._seen[0], counts.canary - self._seen[1]
        self._seen = (counts.stable, counts.canary)
        before = self._counted.canary
        failed = before.failed + round(canary * self.canary_fails)
        slow = before.slow_counts[3] + round(canary * self.canary_is_slow)
        self._counted = ServedPair(
            served(self._counted.stable.requests + stable), served(before.requests + canary, failed, slow=slow)
        )
        return self._counted


def watched(around: Surroundings, policy: GuardrailPolicy = POLICY) -> CountedClients:
    source = CountedClients(around.clients)
    around.guardrails = Guardrails([source], policy)
    return source


def test_a_good_canary_is_promoted_and_each_step_says_what_was_found(around: Surroundings) -> None:
    watched(around)
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED, record.because
    for seen in record.observations:
        states = {one.state for one in seen.guardrails}
        assert len(seen.guardrails) == 4
        assert states <= {GuardrailState.OPEN, GuardrailState.KEPT}
    assert record_from_json(record_to_json(record)) == record


@pytest.mark.parametrize(
    ("fault", "because"),
    [("canary_fails", "the canary fails "), ("canary_is_slow", "the canary's p95 is 1000 ms")],
)
def test_a_canary_that_does_harm_goes_back_at_once(around: Surroundings, fault: str, because: str) -> None:
    source = watched(around)
    setattr(source, fault, 0.3)
    around.clients.per_second = 1000
    record = around.run(RolloutPlan(steps=(50, 100), minimum_seconds=60, maximum_failed_percent=100))
    assert_went_back(record, around, Outcome.REJECT, because)
    assert record.code is StopCode.GUARDRAIL_BROKEN
    assert GuardrailState.BROKEN in {one.state for one in record.guardrails}
    assert around.router.shares == [0, 50, 0]
    assert around.clock.seconds < 60
    assert record_from_json(record_to_json(record)) == record


def test_harm_that_begins_in_the_last_step_is_held_against_stable_a_step_before(around: Surroundings) -> None:
    source = watched(around)
    plan = RolloutPlan(steps=(50, 100), maximum_failed_percent=100)

    def begin_harm() -> None:
        source.canary_is_slow = 0.5

    around.faults.at("confirm_split", 2, begin_harm)
    record = around.run(plan)
    assert_went_back(record, around, Outcome.REJECT, "the canary's p95 is 1000 ms, stable's 100 ms")
    assert around.router.shares == [0, 50, 100, 0]


def test_harm_in_a_pause_goes_back(around: Surroundings) -> None:
    source = watched(around)
    source_harms = RolloutPlan(steps=(50, 100), pauses=(Pause(100, 600),), maximum_failed_percent=100)

    def report(record: object) -> None:
        if getattr(record, "state", None) is RolloutState.PAUSING:
            source.canary_fails = 0.5

    around.report = report
    record = around.run(source_harms)
    assert_went_back(record, around, Outcome.REJECT, "the canary fails ")
    assert around.router.shares == [0, 50, 0]
    assert around.clock.seconds < 600


def test_a_source_that_says_nothing_is_no_pass(around: Surroundings) -> None:
    watched(around).is_away = True
    record = around.run(replace(PLAN, deadline_seconds=30))
    assert_went_back(
        record, around, Outcome.INCONCLUSIVE, "no live data for errors in 30 s (gateway): the gateway says"
    )
    assert record.code is StopCode.NO_LIVE_DATA
    assert around.router.shares == [0, 5, 0]


def test_a_step_waits_for_the_canary_s_requests(around: Surroundings) -> None:
    watched(around, replace(POLICY, minimum_requests=20))
    record = around.run(RolloutPlan(steps=(5, 100)))
    assert record.state is RolloutState.PROMOTED, record.because
    assert record.observations[0].counts.canary >= 20


def test_too_few_requests_of_the_canary_are_no_pass(around: Surroundings) -> None:
    watched(around, replace(POLICY, minimum_requests=1000))
    record = around.run(RolloutPlan(deadline_seconds=30))
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "requests of the canary and ")
    assert record.code is StopCode.NO_LIVE_DATA


def test_errors_that_are_to_be_shown_and_are_not_in_time_are_no_pass(around: Surroundings) -> None:
    watched(around, replace(POLICY, errors_are_shown=True))
    record = around.run(RolloutPlan(deadline_seconds=30))
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "errors are not shown to be kept in 30 s (gateway)")
    assert record.code is StopCode.GUARDRAIL_NOT_SHOWN
