"""The state machine by itself: whatever happens, in whatever order."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from promotion.gate.outcome import Outcome
from promotion.rollout.events import (
    Approved,
    Confirmed,
    Event,
    Failed,
    Judged,
    Mirrored,
    Observed,
    Paused,
    Restored,
    RowsGiven,
    RowsRefused,
    Shadowed,
    Stopped,
    Wrote,
)
from promotion.rollout.record import (
    FINISHED_STATES,
    Pause,
    RolloutPlan,
    RolloutRecord,
    RolloutState,
    record_from_json,
    record_to_json,
)
from promotion.rollout.transitions import Action, advance, next_action
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split
from tests.promotion.rollout.events import (
    AT,
    NOT_PROMOTE,
    any_event,
    begun,
    plans,
    possible_events,
    success_of,
)

POSSIBLE: dict[RolloutState, tuple[type, ...]] = {
    RolloutState.JUDGING: (Judged, Failed, Stopped),
    RolloutState.HOLDING: (RowsGiven, RowsRefused, Failed, Stopped),
    RolloutState.MIRRORING: (Mirrored, Failed, Stopped),
    RolloutState.SHADOWING: (Shadowed, Failed, Stopped),
    RolloutState.PAUSING: (Paused, Failed, Stopped),
    RolloutState.AWAITING: (Approved, Failed, Stopped),
    RolloutState.WRITING: (Wrote, Failed, Stopped),
    RolloutState.CONFIRMING: (Confirmed, Failed, Stopped),
    RolloutState.OBSERVING: (Observed, Failed, Stopped),
    RolloutState.RESTORING: (Restored, Failed),
    RolloutState.PROMOTED: (),
    RolloutState.RESTORED: (),
}
FOLLOWS_PROMOTE = {
    RolloutState.MIRRORING,
    RolloutState.SHADOWING,
    RolloutState.PAUSING,
    RolloutState.AWAITING,
    RolloutState.WRITING,
    RolloutState.CONFIRMING,
    RolloutState.OBSERVING,
    RolloutState.PROMOTED,
}


class AnyRollout(RuleBasedStateMachine):
    """Lets anything happen; keeps beside the record what has happened, and holds the record to it."""

    @initialize(plan=plans)
    def begin(self, plan: RolloutPlan) -> None:
        self.record = begun(plan)
        self.happened: list[Event] = []
        self.intended_before = 0

    @precondition(lambda self: not self.record.is_finished)
    @rule(data=st.data())
    def something_possible_happens(self, data: st.DataObject) -> None:
        self.happen(data.draw(possible_events(self.record)))

    @precondition(lambda self: self.record.state in FOLLOWS_PROMOTE and not self.record.is_finished)
    @rule()
    def all_goes_well(self) -> None:
        self.happen(success_of(self.record))

    @rule(event=any_event)
    def anything_happens(self, event: Event) -> None:
        if isinstance(event, POSSIBLE[self.record.state]) and is_consistent(self.record, event):
            self.happen(event)
        else:
            with pytest.raises(ValueError, match="cannot happen"):
                advance(self.record, event, AT)

    def happen(self, event: Event) -> None:
        before = self.record
        self.record = advance(before, event, AT)
        self.happened.append(event)
        assert self.record.history[:-1] == before.history
        assert self.record.history[-1].state is self.record.state
        assert self.record.observations[: len(before.observations)] == before.observations

    @invariant()
    def no_traffic_moves_without_promote(self) -> None:
        if self.record.state in FOLLOWS_PROMOTE or self.record.intended_percent > 0:
            assert any(isinstance(event, Judged) and event.verdict is Outcome.PROMOTE for event in self.happened)
            assert self.record.verdict is Outcome.PROMOTE

    @invariant()
    def the_share_only_rises(self) -> None:
        written = [event.split.canary_percent for event in self.happened if isinstance(event, Wrote)]
        assert written == list(self.record.plan.steps[: len(written)])

    @invariant()
    def no_step_goes_backwards_except_to_0(self) -> None:
        if self.record.state in {RolloutState.RESTORING, RolloutState.RESTORED}:
            assert self.record.intended_percent == 0
        else:
            assert self.record.intended_percent >= self.intended_before
        self.intended_before = self.record.intended_percent

    @invariant()
    def a_shadow_comes_between_the_verdict_and_the_first_write_where_the_plan_has_one(self) -> None:
        kinds = [type(event) for event in self.happened if isinstance(event, Judged | Mirrored | Shadowed | Wrote)]
        if Wrote in kinds:
            before = kinds[: kinds.index(Wrote)]
            last = [Judged, Mirrored, Shadowed] if self.record.plan.has_shadow else [Judged]
            looks_before = before[: -len(last)]
            assert before[-len(last) :] == last
            assert looks_before == [Judged] * len(looks_before)
        if self.record.state in {RolloutState.MIRRORING, RolloutState.SHADOWING}:
            assert self.record.intended_percent == 0

    @invariant()
    def every_look_but_the_first_is_of_further_rows_and_there_are_no_more_than_planned(self) -> None:
        looks = [event for event in self.happened if isinstance(event, Judged | RowsGiven)]
        assert [type(event) for event in looks[1::2]] == [RowsGiven] * len(looks[1::2])
        assert [type(event) for event in looks[::2]] == [Judged] * len(looks[::2])
        assert len(looks[::2]) <= self.record.plan.looks
        assert all(isinstance(one, Judged) and one.verdict is Outcome.INCONCLUSIVE for one in looks[:-1:2])
        assert self.record.further == tuple(one.given for one in looks[1::2] if isinstance(one, RowsGiven))

    @invariant()
    def what_the_plan_says_comes_before_a_step_is_written(self) -> None:
        plan, written = self.record.plan, 0
        since: list[Event] = []
        for event in self.happened:
            since.append(event)
            if isinstance(event, Wrote):
                percent = plan.steps[written]
                assert (percent in plan.approvals) == any(isinstance(each, Approved) for each in since)
                assert (plan.pause_before(percent) > 0) == any(isinstance(each, Paused) for each in since)
                written, since = written + 1, []

    @invariant()
    def what_is_intended_is_what_was_written_last(self) -> None:
        written = [event.split.canary_percent for event in self.happened if isinstance(event, Wrote)]
        if self.record.state in {RolloutState.PAUSING, RolloutState.AWAITING}:
            assert self.record.intended_percent == (written[-1] if written else 0)

    @invariant()
    def the_outcome_is_promote_only_when_every_step_was_observed(self) -> None:
        is_promoted = self.record.state is RolloutState.PROMOTED
        assert (self.record.outcome is Outcome.PROMOTE) == is_promoted
        if is_promoted:
            assert [seen.asked_percent for seen in self.record.observations] == list(self.record.plan.steps)

    @invariant()
    def going_back_has_an_outcome_and_a_reason_that_was_told(self) -> None:
        if self.record.state in {RolloutState.RESTORING, RolloutState.RESTORED}:
            assert self.record.outcome in NOT_PROMOTE
            assert any(self.record.because.startswith(told_by(event)) for event in self.happened)

    @invariant()
    def there_is_something_to_do_until_it_is_finished(self) -> None:
        assert (next_action(self.record) is None) == (self.record.state in FINISHED_STATES) == self.record.is_finished

    @invariant()
    def another_process_reads_the_same_record(self) -> None:
        assert record_from_json(record_to_json(self.record)) == self.record

    @invariant()
    def failures_in_a_row_stay_within_the_bound(self) -> None:
        if self.record.state is not RolloutState.RESTORING:
            assert self.record.failed_attempts < self.record.plan.attempts


def is_consistent(record: RolloutRecord, event: Event) -> bool:
    """What an event states agrees with what was asked for."""
    match event:
        case Judged(verdict, _, split):
            return verdict is not Outcome.PROMOTE or split.canary_percent == 0
        case Mirrored(split):
            return split.mirrors and split.canary_percent == 0
        case Wrote(split):
            return split.canary_percent == record.asked_percent
        case Observed(observation):
            return observation.asked_percent == record.asked_percent
        case Approved(percent, _):
            return percent == record.asked_percent
        case Stopped(outcome, _):
            return outcome is not Outcome.PROMOTE
    return True


def told_by(event: Event) -> str:
    match event:
        case Judged(_, headline, _):
            return headline
        case Failed(text) | Stopped(_, text):
            return text
    return "nothing"


TestAnyRollout = AnyRollout.TestCase
TestAnyRollout.settings = settings(max_examples=150, stateful_step_count=30)


@given(plan=plans, data=st.data())
@settings(max_examples=150)
def test_every_path_ends_once_the_environment_answers(plan: RolloutPlan, data: st.DataObject) -> None:
    record = begun(plan)
    for _ in range(data.draw(st.integers(0, 25), label="events before it answers")):
        if not record.is_finished:
            record = advance(record, data.draw(possible_events(record)), AT)
    most = 4 + 5 * len(plan.steps) + 2 * plan.looks
    while not record.is_finished:
        record = advance(record, success_of(record), AT)
        most -= 1
        assert most >= 0
    assert record.state in {RolloutState.PROMOTED, RolloutState.RESTORED}
    assert next_action(record) is None


@given(plan=plans, data=st.data())
@settings(max_examples=100)
def test_a_path_on_which_nothing_answers_goes_back_within_the_attempts(plan: RolloutPlan, data: st.DataObject) -> None:
    record = begun(plan)
    for _ in range(data.draw(st.integers(0, 3 * len(plan.steps)), label="events that went well")):
        record = advance(record, success_of(record), AT)
    for _ in range(plan.attempts):
        assert record.state is not RolloutState.RESTORING
        record = advance(record, Failed("nobody answers"), AT)
    assert record.state is RolloutState.RESTORING
    assert record.outcome is Outcome.ERROR
    assert record.because == f"nobody answers ({plan.attempts} attempts)"


def test_a_good_canary_takes_every_step_in_order() -> None:
    record, actions = begun(RolloutPlan()), []
    while (action := next_action(record)) is not None:
        actions.append(action)
        record = advance(record, success_of(record), AT)
    assert actions == [Action.JUDGE, *[Action.WRITE_SPLIT, Action.CONFIRM_SPLIT, Action.OBSERVE_STEP] * 4]
    assert record.outcome is Outcome.PROMOTE


@pytest.mark.parametrize("verdict", NOT_PROMOTE)
def test_any_other_verdict_goes_back_with_its_headline(verdict: Outcome) -> None:
    judged = advance(begun(RolloutPlan()), Judged(verdict, "because", Split(0, "t")), AT)
    assert (judged.state, judged.verdict, judged.outcome) == (RolloutState.RESTORING, verdict, verdict)
    restored = advance(judged, Restored(), AT)
    assert (restored.state, restored.outcome, restored.because) == (RolloutState.RESTORED, verdict, "because")


def test_a_failure_that_passes_is_forgotten_by_the_next_state() -> None:
    record = advance(begun(RolloutPlan(attempts=2)), Failed("a moment"), AT)
    assert (record.state, record.failed_attempts) == (RolloutState.JUDGING, 1)
    record = advance(record, success_of(record), AT)
    assert (record.state, record.failed_attempts) == (RolloutState.WRITING, 0)


def test_a_step_that_failed_for_the_moment_is_counted_anew() -> None:
    record = begun(RolloutPlan())
    while record.state is not RolloutState.OBSERVING:
        record = advance(record, success_of(record), AT)
    assert record.counts_before is not None
    assert advance(record, Failed("a moment"), AT).counts_before is None


def test_restoring_is_never_given_up() -> None:
    record = advance(begun(RolloutPlan(attempts=1)), Stopped(Outcome.REJECT, "worse"), AT)
    for attempt in range(1, 10):
        record = advance(record, Failed("no gateway"), AT)
        assert (record.state, record.failed_attempts, record.outcome) == (
            RolloutState.RESTORING,
            attempt,
            Outcome.REJECT,
        )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"steps": ()}, "steps"),
        ({"steps": (5, 25)}, "end with 100"),
        ({"steps": (25, 5, 100)}, "rising"),
        ({"steps": (0, 100)}, "rising"),
        ({"steps": (5, 100, 100)}, "rising"),
        ({"attempts": 0}, "attempts 0"),
        ({"minimum_seconds": 5.0, "deadline_seconds": 1.0}, "deadline 1 s: expected at least 5 s"),
        ({"deadline_seconds": float("nan")}, "deadline nan s"),
        ({"approvals": (51,)}, r"approvals before \(51,\): expected some of the steps \(5, 25, 50, 100\), each once"),
        ({"approvals": (50, 50)}, "each once"),
        ({"pauses": (Pause(7, 1),)}, r"pauses before \(7,\)"),
        ({"pauses": (Pause(5, -1),)}, "expected times of at least 0 s"),
        ({"rollout_seconds": float("nan")}, "expected times"),
        ({"approval_seconds": float("inf")}, "expected times"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(RolloutPlan(), **fields)  # type: ignore[arg-type]  # the values are of many types


@pytest.mark.parametrize("step", [-1, 4])
def test_a_step_that_the_plan_does_not_have_is_refused(step: int) -> None:
    with pytest.raises(ValueError, match=f"step {step}: expected one of the 4"):
        replace(begun(RolloutPlan()), step=step)


@pytest.mark.parametrize("state", sorted(FOLLOWS_PROMOTE - FINISHED_STATES))
def test_a_state_that_follows_a_split_is_not_had_without_one(state: RolloutState) -> None:
    with pytest.raises(ValueError, match="no split"):
        replace(begun(RolloutPlan()), state=state)


def test_the_observed_share_of_nothing_is_nothing() -> None:
    observed = success_of(replace(begun(RolloutPlan()), state=RolloutState.OBSERVING, split=Split(5, "t")))
    assert isinstance(observed, Observed)
    assert observed.observation.observed_percent == 5.0
    assert replace(observed.observation, counts=RequestCounts(0, 0, 0)).observed_percent == 0.0
