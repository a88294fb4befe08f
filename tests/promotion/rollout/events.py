"""Rollout records and events for hypothesis: what can happen in a state, and anything at all."""

from hypothesis import strategies as st

from promotion.gate.outcome import Outcome
from promotion.gate.policy import Guardrail
from promotion.guardrails.findings import GuardrailFinding, GuardrailState
from promotion.recorded.agreement import ShadowAgreement
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
from promotion.rollout.orders import GivenRows
from promotion.rollout.record import Pause, RolloutPlan, RolloutRecord, RolloutState, StepObservation, StopCode
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split

AT = "2026-11-21T12:00:00.000+00:00"
NOT_PROMOTE = [outcome for outcome in Outcome if outcome is not Outcome.PROMOTE]

texts = st.text(max_size=20)
tokens = st.text("0123456789abcdef", max_size=8)
splits = st.builds(Split, st.sampled_from([0, 1, 5, 25, 50, 99, 100]), tokens, st.booleans())
given_rows = st.builds(GivenRows, texts, tokens.map(lambda token: f"sha256:{token:0>64}"), st.integers(1, 10**6))
agreements = st.builds(ShadowAgreement, *[st.integers(0, 10**6)] * 4)
counts = st.builds(RequestCounts, *[st.integers(0, 10**6)] * 3)
observations = st.builds(
    StepObservation,
    st.sampled_from([0, 5, 25, 50, 100]),
    counts,
    st.floats(0, 1),
    st.floats(0, 1e6),
)
findings = st.builds(
    GuardrailFinding,
    st.sampled_from(["gateway", "revisions"]),
    st.sampled_from(Guardrail),
    st.sampled_from(GuardrailState),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.none() | st.floats(0, 10),
)
stops = st.builds(
    Stopped,
    st.sampled_from(NOT_PROMOTE),
    texts,
    st.none() | st.sampled_from(StopCode),
    st.lists(findings, max_size=2).map(tuple),
)
steps = st.sets(st.integers(1, 99), max_size=4).map(lambda steps: (*sorted(steps), 100))


@st.composite
def build_plans(draw: st.DrawFn) -> RolloutPlan:
    taken = draw(steps)
    some = st.sets(st.sampled_from(taken)).map(lambda percents: tuple(sorted(percents)))
    pauses = tuple(Pause(percent, seconds=draw(st.sampled_from([0.0, 60.0]))) for percent in draw(some))
    shadow = draw(st.sampled_from([0, 0, 50]))
    attempts, looks = draw(st.integers(1, 4)), draw(st.sampled_from([1, 1, 3]))
    return RolloutPlan(
        taken, attempts=attempts, pauses=pauses, approvals=draw(some), shadow_requests=shadow, looks=looks
    )


plans = build_plans()
outcomes = st.sampled_from(list(Outcome))

any_event: st.SearchStrategy[Event] = st.one_of(
    st.builds(Judged, outcomes, texts, splits),
    st.builds(RowsGiven, given_rows, texts),
    st.builds(RowsRefused, given_rows, texts),
    st.builds(Mirrored, splits),
    st.builds(Shadowed, agreements),
    st.builds(Paused),
    st.builds(Approved, st.sampled_from([5, 50, 100]), texts),
    st.builds(Wrote, splits),
    st.builds(Confirmed, counts),
    st.builds(Observed, observations),
    st.builds(Restored),
    st.builds(Failed, texts),
    st.builds(Stopped, outcomes, texts),
)


def begun(plan: RolloutPlan) -> RolloutRecord:
    return RolloutRecord(1, plan, stable_digest="s", canary_digest="c", holdout_digest="h", policy_digest="p")


def success_of(record: RolloutRecord) -> Event:
    """What happens when the next action does what it is for, and the canary is good."""
    asked = record.asked_percent
    match record.state:
        case RolloutState.JUDGING:
            return Judged(Outcome.PROMOTE, "not worse", Split(0, "before"))
        case RolloutState.HOLDING:
            return RowsGiven(GivenRows("more", f"sha256:{len(record.further):064}", 100), "ann@desk")
        case RolloutState.MIRRORING:
            return Mirrored(Split(0, "mirrored", mirrors=True))
        case RolloutState.SHADOWING:
            return Shadowed(ShadowAgreement(100, 100, 98))
        case RolloutState.PAUSING:
            return Paused()
        case RolloutState.AWAITING:
            return Approved(asked, "ann@desk")
        case RolloutState.WRITING:
            return Wrote(Split(asked, f"wrote-{asked}"))
        case RolloutState.CONFIRMING:
            return Confirmed(RequestCounts(stable=1, canary=1, failed=0))
        case RolloutState.OBSERVING:
            return Observed(StepObservation(asked, RequestCounts(100 - asked, asked, 0), 1.0, seconds=3.0))
        case RolloutState.RESTORING:
            return Restored()
    raise AssertionError(f"nothing happens any more to a rollout that is {record.state}")


def possible_events(record: RolloutRecord) -> st.SearchStrategy[Event]:
    """Everything that can happen to a rollout that is not finished."""
    if record.state is RolloutState.RESTORING:
        return st.one_of(st.just(Restored()), st.builds(Failed, texts))
    events = [
        st.just(success_of(record)),
        st.builds(Failed, texts),
        stops,
    ]
    if record.state is RolloutState.JUDGING:
        events.append(st.builds(Judged, st.sampled_from(NOT_PROMOTE), texts, splits))
    if record.state is RolloutState.HOLDING:
        events.append(st.builds(RowsRefused, given_rows, texts))
    return st.one_of(events)
