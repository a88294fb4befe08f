"""The state machine, pure: what to do next, and what a rollout knows after something has happened.

Only PROMOTE leads towards MIRRORING and WRITING, and only WRITING moves traffic to the canary. What fails for the
moment is tried again within the plan's bound; then, like everything else that goes wrong, it leads to RESTORING.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from promotion.gate.outcome import Outcome
from promotion.guardrails.findings import GuardrailFinding
from promotion.recorded.agreement import ShadowAgreement, describe_agreement
from promotion.rollout.orders import Order, OrderKind
from promotion.rollout.record import RolloutEvent, RolloutRecord, RolloutState, StepObservation, StopCode
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split


class Action(StrEnum):
    """What a rollout does next."""

    JUDGE = "judge the canary"
    WRITE_MIRROR = "mirror requests to the canary"
    COMPARE_SHADOW = "compare the shadow with stable"
    PAUSE = "pause before the step"
    AWAIT_APPROVAL = "wait until somebody approves the step"
    WRITE_SPLIT = "write the split"
    CONFIRM_SPLIT = "confirm the split"
    OBSERVE_STEP = "observe the step"
    RESTORE_STABLE = "restore stable"


@dataclass(frozen=True, slots=True)
class Judged:
    """The gate has spoken; `split` is what stood then."""

    verdict: Outcome
    headline: str
    split: Split


@dataclass(frozen=True, slots=True)
class Mirrored:
    """Each request is mirrored to the canary, which gets no traffic; that is in force."""

    split: Split


@dataclass(frozen=True, slots=True)
class Shadowed:
    """Both have answered as many mirrored requests as they had to."""

    agreement: ShadowAgreement


@dataclass(frozen=True, slots=True)
class Paused:
    """The pause before the step is over, and all was well in it."""


@dataclass(frozen=True, slots=True)
class Approved:
    """Somebody has approved the step, and all was well until then."""

    percent: int
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wrote:
    """The split of the step under way is written and was read back."""

    split: Split


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Requests go by the written split; here the step's counting begins, at the gateway and at the revisions."""

    counts: RequestCounts
    answered: RequestCounts | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """The step has seen its requests, and they went as asked."""

    observation: StepObservation


@dataclass(frozen=True, slots=True)
class Restored:
    """Everything goes to stable, and that is in force."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An action failed; repeating it may help."""

    text: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The rollout must go back at once, with this outcome."""

    outcome: Outcome
    text: str
    code: StopCode | None = None
    guardrails: tuple[GuardrailFinding, ...] = ()
    """Those that say so, where they do."""


Event = Judged | Mirrored | Shadowed | Paused | Approved | Wrote | Confirmed | Observed | Restored | Failed | Stopped

_ACTIONS = {
    RolloutState.JUDGING: Action.JUDGE,
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
    line = RolloutEvent(at=at, state=after.state, text=_describe(record, event))
    return replace(after, history=(*record.history, line))


def stopped_by(orders: Sequence[Order]) -> Stopped | None:
    """What the first order that ends a rollout leads to: nothing was shown of the canary, so INCONCLUSIVE."""
    for order in orders:
        if order.kind in _ENDS:
            code, done = _ENDS[order.kind]
            return Stopped(Outcome.INCONCLUSIVE, f"{done} by {_named(order.by, order.reason)}", code)
    return None


def _after(record: RolloutRecord, event: Event) -> RolloutRecord:
    fresh = replace(record, failed_attempts=0)
    match record.state, event:
        case RolloutState.JUDGING, Judged(Outcome.PROMOTE, _, split) if split.canary_percent == 0:
            return _after_verdict(replace(fresh, verdict=Outcome.PROMOTE, split=split))
        case RolloutState.JUDGING, Judged(verdict, headline, split) if verdict is not Outcome.PROMOTE:
            return _go_back(replace(fresh, verdict=verdict, split=split), verdict, headline)
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


def _after_verdict(record: RolloutRecord) -> RolloutRecord:
    return replace(record, state=RolloutState.MIRRORING) if record.plan.has_shadow else _before_step(record)


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


def _describe(record: RolloutRecord, event: Event) -> str:
    match event:
        case Judged(verdict, headline, _):
            return f"{verdict}: {headline}"
        case Mirrored():
            return "requests are mirrored to the canary"
        case Shadowed(agreement):
            return f"shadow: {describe_agreement(agreement)}"
        case Paused():
            return f"paused for {record.plan.pause_before(record.asked_percent):g} s before {record.asked_percent} %"
        case Approved(percent, by, reason):
            return f"{percent} % approved by {_named(by, reason)}"
        case Wrote(split):
            return f"split written: {split.canary_percent} %"
        case Confirmed():
            return f"split in force: {record.asked_percent} %"
        case Observed(observation):
            return _describe_step(observation)
        case Restored():
            return "everything goes to stable"
        case Failed(text):
            return f"attempt {record.failed_attempts + 1} failed: {text}"
        case Stopped(_, text):
            return text


def _named(by: str, reason: str) -> str:
    return f"{by}: {reason}" if reason else by


def _describe_step(observation: StepObservation) -> str:
    counts, answered = observation.counts, observation.answered
    text = (
        f"asked {observation.asked_percent} %, observed {observation.observed_percent:.1f} % "
        f"of {counts.stable + counts.canary} requests"
    )
    return text if answered is None else f"{text}; the revisions answered {answered.stable} and {answered.canary}"
