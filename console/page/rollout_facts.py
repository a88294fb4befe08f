"""A rollout as the page says it. Pure: from its status to words and widths."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from console.page.wording import duration
from promotion.gate.outcome import Outcome
from promotion.recorded.agreement import describe_agreement
from promotion.recorded.findings import LABEL_STATE_TEXTS, describe_labels
from promotion.rollout.record import RolloutRecord, RolloutState, StepObservation
from promotion.rollout.status import RolloutStatus
from promotion.routers.request_counts import RequestCounts

OUTCOME_LOOKS: Mapping[Outcome, str] = {
    Outcome.PROMOTE: "good",
    Outcome.INCONCLUSIVE: "open",
    Outcome.REJECT: "bad",
    Outcome.ERROR: "bad",
}
_STATES: Mapping[str, str] = {
    RolloutState.JUDGING: "Both revisions are being asked the holdout's rows",
    "holding": "Nothing is shown yet: it waits at 0 % for further labelled rows",
    RolloutState.MIRRORING: "Requests begin to be mirrored to the canary",
    RolloutState.SHADOWING: "The canary answers copies of the requests; nobody gets its answers",
    RolloutState.PAUSING: "Pausing before {asked} %",
    RolloutState.AWAITING: "Waiting for somebody to approve {asked} %",
    RolloutState.WRITING: "The split of {asked} % is being written",
    RolloutState.CONFIRMING: "Waiting until the split of {asked} % is in force",
    RolloutState.OBSERVING: "Watching {asked} % of the traffic go to the canary",
    RolloutState.RESTORING: "Sending everything back to stable",
    RolloutState.PROMOTED: "All traffic goes to the canary",
    RolloutState.RESTORED: "All traffic goes to stable",
}
_WITHOUT_STEPS = frozenset({"judging", "holding", "mirroring", "shadowing"})


@dataclass(frozen=True, slots=True)
class Split:
    """Who gets which share of the requests."""

    name: str
    canary_percent: float
    told: str


@dataclass(frozen=True, slots=True)
class Step:
    """A share of the plan, and how far it has come."""

    percent: int
    look: str
    """done, now, stopped, or empty for what is still to come."""
    told: str


def state_text(record: RolloutRecord) -> str:
    """What it is doing, in a sentence."""
    return _STATES.get(record.state, f"It is {record.state}").format(asked=record.asked_percent)


def state_look(record: RolloutRecord) -> str:
    """The look of its state."""
    if record.state is RolloutState.PROMOTED:
        return "good"
    return "bad" if record.state in {RolloutState.RESTORED, RolloutState.RESTORING} else ""


def splits(status: RolloutStatus) -> Iterator[Split]:
    """What is asked for, and what the gateway and the revisions themselves counted."""
    record = status.rollout
    asked = 100 if record.state is RolloutState.PROMOTED else record.intended_percent
    yield Split("Asked", asked, f"{asked} % to the canary")
    seen = status.under_way or (record.observations[-1] if record.observations else None)
    if seen is None:
        return
    when = "" if status.under_way else f", at {seen.asked_percent} %"
    yield _observed(f"Observed by the gateway{when}", seen.counts)
    if seen.answered is not None:
        yield _observed(f"Answered by the revisions{when}", seen.answered)


def _observed(name: str, counts: RequestCounts) -> Split:
    answered = counts.stable + counts.canary
    if not answered:
        return Split(name, 0.0, "no requests yet")
    percent = 100 * counts.canary / answered
    return Split(name, percent, f"{percent:.1f} % of {answered:,} requests")


def steps(record: RolloutRecord) -> Iterator[Step]:
    """The shares of the plan, in order."""
    seen: dict[int, StepObservation] = {one.asked_percent: one for one in record.observations}
    for place, percent in enumerate(record.plan.steps):
        observed = seen.get(percent)
        if observed is not None:
            yield Step(percent, "done", f"{observed.observed_percent:.1f} % seen")
        elif place == record.step and record.state is RolloutState.RESTORED and record.verdict is Outcome.PROMOTE:
            yield Step(percent, "stopped", "stopped")
        elif place == record.step and not record.is_finished and record.state not in _WITHOUT_STEPS:
            yield Step(percent, "now", "now")
        else:
            yield Step(percent, "", "not reached" if record.is_finished else "to come")


def time_facts(status: RolloutStatus) -> Iterator[tuple[str, str]]:
    """What is left to wait for."""
    time = status.time
    if time is not None:
        yield "In this state for", duration(time.seconds)
        if time.requests_at_least:
            yield "Requests still needed", f"{time.requests_at_least:,}"
        if time.seconds_at_least >= 0.5:
            yield "Lasts at least", f"{duration(time.seconds_at_least)} more"
        if time.seconds_at_most is not None:
            yield "Goes back in", duration(time.seconds_at_most)
    if status.seconds_left is not None:
        yield "Left of the whole rollout", duration(status.seconds_left)


def live_facts(record: RolloutRecord) -> Iterator[tuple[str, str]]:
    """What was seen beside the holdout while traffic moved."""
    if record.shadow is not None:
        yield "Shadow", describe_agreement(record.shadow)
    if record.labels is not None:
        yield "Labels of live answers", f"{LABEL_STATE_TEXTS[record.labels.state]}: {describe_labels(record.labels)}"
