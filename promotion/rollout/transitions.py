"""The state machine, pure: what to do next, and what a rollout knows after something has happened.

Only PROMOTE leads towards MIRRORING and WRITING, and only WRITING moves traffic to the canary. INCONCLUSIVE holds at
0 % while a look is left. What fails for the moment is tried again within the plan's bound; then, like everything else
that goes wrong, it leads to RESTORING.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

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
    name_giver,
)
from promotion.rollout.orders import Order, OrderKind
from promotion.rollout.record import RolloutEvent, RolloutRecord, RolloutState, StopCode


class Action(StrEnum):
    """What a rollout does next."""

    JUDGE = "judge the canary"
    AWAIT_ROWS = "wait for further rows"
    WRITE_MIRROR = "mirror requests to the canary"
    COMPARE_SHADOW = "compare the shadow with stable"
    PAUSE = "pause before the step"
    AWAIT_APPROVAL = "wait until somebody approves the step"
    WRITE_SPLIT = "write the split"
    CONFIRM_SPLIT = "confirm the split"
    OBSERVE_STEP = "observe the step"
    RESTORE_STABLE = "restore stable"


_ACTIONS = {
    RolloutState.JUDGING: Action.JUDGE,
    RolloutState.HOLDING: Action.AWAIT_ROWS,
    RolloutState.MIRRORING: Action.WRITE_MIRROR,
    RolloutState.SHADOWING: Action.COMPARE_SHADOW,
    RolloutState.PAUSING: Action.PAUSE,
    RolloutState.AWAITING: Action.AWAIT_APPROVAL,
    RolloutState.WRITING: Action.WRITE_SPLIT,
    RolloutState.CONFIRMING: Action.CONFIRM_SPLIT,
    RolloutState.OBSERVING: Action.OBSERVE_STEP,
    RolloutState.RESTORING: Action.RESTORE_STABLE,
}

_ENDS = {
    OrderKind.ABORT: (StopCode.ABORTED, "aborted"),
    OrderKind.SUPERSEDE: (StopCode.SUPERSEDED, "superseded"),
}


def next_action(record: RolloutRecord) -> Action | None:
    """What to do next; None when the rollout is finished. Doing it again after a crash is always allowed."""
    return _ACTIONS.get(record.state)


def advance(record: RolloutRecord, event: Event, at: str) -> RolloutRecord:
    """The record after `event`, which happened `at` (ISO 8601).

    ValueError for an event that cannot happen: in this state, with another split than the one that was asked for, or
    a Stopped with PROMOTE.
    """
    after = _after(record, event)
    line = RolloutEvent(at=at, state=after.state, text=event.describe(record))
    return replace(after, history=(*record.history, line))


def stopped_by(orders: Sequence[Order]) -> Stopped | None:
    """What the first order that ends a rollout leads to: nothing was shown of the canary, so INCONCLUSIVE."""
    for order in orders:
        if order.kind in _ENDS:
            code, done = _ENDS[order.kind]
            return Stopped(Outcome.INCONCLUSIVE, f"{done} by {name_giver(order.by, order.reason)}", code)
    return None


def _after(record: RolloutRecord, event: Event) -> RolloutRecord:
    fresh = replace(record, failed_attempts=0)
    match record.state, event:
        case RolloutState.JUDGING, Judged(verdict, headline, split) if split.canary_percent == 0 or (
            verdict is not Outcome.PROMOTE
        ):
            return _after_verdict(replace(fresh, verdict=verdict, split=split), verdict, headline)
        case RolloutState.HOLDING, RowsGiven() | RowsRefused():
            return _after_rows(fresh, event)
        case RolloutState.MIRRORING, Mirrored(split) if split.mirrors and split.canary_percent == 0:
            return replace(fresh, split=split, state=RolloutState.SHADOWING)
        case RolloutState.SHADOWING, Shadowed(agreement):
            return _before_step(replace(fresh, shadow=agreement))
        case RolloutState.PAUSING, Paused():
            return _after_pause(fresh)
        case RolloutState.AWAITING, Approved(percent) if percent == record.asked_percent:
            return replace(fresh, state=RolloutState.WRITING)
        case RolloutState.WRITING, Wrote(split) if split.canary_percent == record.asked_percent:
            return replace(fresh, split=split, state=RolloutState.CONFIRMING)
        case RolloutState.CONFIRMING, Confirmed(counts, answered):
            return replace(fresh, counts_before=counts, answered_before=answered, state=RolloutState.OBSERVING)
        case RolloutState.OBSERVING, Observed(observation) if observation.asked_percent == record.asked_percent:
            return _after_step(replace(_uncounted(fresh), observations=(*record.observations, observation)))
        case RolloutState.RESTORING, Restored():
            return replace(fresh, state=RolloutState.RESTORED)
    return _after_trouble(record, event)


def _after_trouble(record: RolloutRecord, event: Event) -> RolloutRecord:
    match record.state, event:
        case RolloutState.RESTORING, Failed():
            return replace(record, failed_attempts=record.failed_attempts + 1)
        case state, Failed(text) if state in _ACTIONS:
            tried = record.failed_attempts + 1
            if tried < record.plan.attempts:
                return replace(_uncounted(record), failed_attempts=tried)  # a step is counted anew
            return _go_back(record, Outcome.ERROR, f"{text} ({tried} attempts)")
        case state, Stopped(outcome, text, code, guardrails) if (
            state in _ACTIONS and state is not RolloutState.RESTORING and outcome is not Outcome.PROMOTE
        ):
            return replace(_go_back(record, outcome, text, code), guardrails=guardrails)
    raise ValueError(f"{event} cannot happen while a rollout is {record.state} at step {record.step}")


def _after_verdict(record: RolloutRecord, verdict: Outcome, headline: str) -> RolloutRecord:
    if verdict is Outcome.PROMOTE:
        return replace(record, state=RolloutState.MIRRORING) if record.plan.has_shadow else _before_step(record)
    if verdict is Outcome.INCONCLUSIVE and record.has_look_left:
        return replace(record, state=RolloutState.HOLDING)
    return _go_back(record, verdict, headline)


def _after_rows(record: RolloutRecord, event: RowsGiven | RowsRefused) -> RolloutRecord:
    if isinstance(event, RowsRefused):
        return replace(record, refused=(*record.refused, event.given))
    return replace(record, further=(*record.further, event.given), state=RolloutState.JUDGING)


def _after_step(record: RolloutRecord) -> RolloutRecord:
    if record.step + 1 < len(record.plan.steps):
        return _before_step(replace(record, step=record.step + 1))
    return replace(record, state=RolloutState.PROMOTED, outcome=Outcome.PROMOTE)


def _before_step(record: RolloutRecord) -> RolloutRecord:
    has_pause = record.plan.pause_before(record.asked_percent) > 0
    return replace(record, state=RolloutState.PAUSING) if has_pause else _after_pause(record)


def _after_pause(record: RolloutRecord) -> RolloutRecord:
    is_awaited = record.asked_percent in record.plan.approvals
    return replace(record, state=RolloutState.AWAITING if is_awaited else RolloutState.WRITING)


def _go_back(record: RolloutRecord, outcome: Outcome, because: str, code: StopCode | None = None) -> RolloutRecord:
    left = replace(_uncounted(record), failed_attempts=0)
    return replace(left, state=RolloutState.RESTORING, outcome=outcome, because=because, code=code)


def _uncounted(record: RolloutRecord) -> RolloutRecord:
    return replace(record, counts_before=None, answered_before=None)
