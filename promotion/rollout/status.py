"""How a rollout stands, for whoever looks at it from outside: its record, its verdict's numbers, the step's time. Pure.

The process that rolls out is not asked: what it does next is what the record says, whether it lives or not.
"""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from promotion.gate.outcome import Outcome
from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import RolloutRecord, RolloutState, StepObservation
from promotion.routers.request_counts import RequestCounts
from promotion.statistics.split_check import split_p_value


@dataclass(frozen=True, slots=True)
class VerdictNumbers:
    """What the gate said, with the numbers that are read first; None is what no rows gave, as in the evidence."""

    verdict: Outcome
    headline: str
    n: int
    b: int | None
    c: int | None
    margin: float
    z: float | None
    lower_bound: float | None


@dataclass(frozen=True, slots=True)
class StepTime:
    """How long the step under way, or the wait before it, has lasted, and how much of it is left."""

    seconds: float
    seconds_at_least: float
    """Until it has lasted as long as the plan says; 0 once it has."""
    seconds_at_most: float | None
    """Until the rollout goes back for want of requests, of an approval or of further rows; None where it does not."""
    requests_at_least: int | None
    """Requests that the step still has to see; None where nobody says how many it has seen."""


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """The newest rollout at a moment."""

    rollout: RolloutRecord
    numbers: VerdictNumbers | None
    """None before the verdict, and where its evidence was not kept."""
    under_way: StepObservation | None
    """What is counted of the step under way; None outside a step, or where the gateway does not say."""
    time: StepTime | None
    """None where nothing is observed or waited for."""
    seconds_left: float | None
    """Until the deadline of the whole rollout; None where it has none, or has ended."""
    seconds_since: float
    """Since the last line of the history; 0 before the first."""


_DOCUMENT = TypeAdapter(RolloutStatus)


def status_to_json(status: RolloutStatus, *, indent: int | None = 2) -> bytes:
    """The status as a JSON document."""
    return _DOCUMENT.dump_json(status, indent=indent)


def rollout_status(
    record: RolloutRecord,
    evidence: EvidenceRecord | None,
    now: datetime,
    counted: RequestCounts | None = None,
    answered: RequestCounts | None = None,
) -> RolloutStatus:
    """How `record` stands at `now`, where the gateway has `counted`, and the revisions `answered`, since they started.

    Evidence of another canary or stable, such as the rollout's before, is left out.
    """
    since = max(0.0, (now - datetime.fromisoformat(record.history[-1].at)).total_seconds()) if record.history else 0.0
    under_way = time = None
    if record.state is RolloutState.OBSERVING:
        under_way = _count_step(record, since, counted, answered)
        time = _time_step(record, since, under_way)
    elif record.state is RolloutState.SHADOWING:
        time = _time_shadow(record, since)
    elif record.state is RolloutState.HOLDING:
        time = StepTime(since, 0.0, max(0.0, record.plan.hold_seconds - since), None)
    elif record.state is RolloutState.PAUSING:
        time = StepTime(since, max(0.0, record.plan.pause_before(record.asked_percent) - since), None, None)
    elif record.state is RolloutState.AWAITING:
        time = StepTime(since, 0.0, max(0.0, record.plan.approval_seconds - since), None)
    return RolloutStatus(record, _numbers(record, evidence), under_way, time, _seconds_left(record, now), since)


def _seconds_left(record: RolloutRecord, now: datetime) -> float | None:
    if record.plan.rollout_seconds is None or record.began_at is None or record.is_finished:
        return None
    passed = (now - datetime.fromisoformat(record.began_at)).total_seconds()
    return max(0.0, record.plan.rollout_seconds - passed)


def _numbers(record: RolloutRecord, evidence: EvidenceRecord | None) -> VerdictNumbers | None:
    if evidence is None or record.verdict is None:
        return None
    judged = evidence.stable.bundle_digest, evidence.canary.bundle_digest
    if judged != (record.stable_digest, record.canary_digest) or evidence.verdict is not record.verdict:
        return None
    return VerdictNumbers(
        verdict=evidence.verdict,
        headline=evidence.headline,
        n=evidence.n,
        b=evidence.b,
        c=evidence.c,
        margin=evidence.margin,
        z=evidence.z,
        lower_bound=evidence.lower_bound,
    )


def _count_step(
    record: RolloutRecord, seconds: float, counted: RequestCounts | None, answered: RequestCounts | None
) -> StepObservation | None:
    counts = _since(record.counts_before, counted)
    if counts is None:
        return None
    p_value = split_p_value(counts.stable, counts.canary, record.asked_percent)
    return StepObservation(record.asked_percent, counts, p_value, seconds, _since(record.answered_before, answered))


def _since(before: RequestCounts | None, now: RequestCounts | None) -> RequestCounts | None:
    if before is None or now is None or now.began_anew_after(before):
        return None
    return now.since(before)


def _time_shadow(record: RolloutRecord, seconds: float) -> StepTime:
    plan = record.plan
    seen = record.shadow.requests if record.shadow is not None else 0
    needed = plan.shadow_requests or plan.minimum_requests
    least, most = max(0.0, plan.shadow_seconds - seconds), max(0.0, plan.deadline_seconds - seconds)
    return StepTime(seconds, least, most, max(0, needed - seen))


def _time_step(record: RolloutRecord, seconds: float, under_way: StepObservation | None) -> StepTime:
    plan = record.plan
    seen = under_way.counts.stable + under_way.counts.canary if under_way else None
    return StepTime(
        seconds=seconds,
        seconds_at_least=max(0.0, plan.minimum_seconds - seconds),
        seconds_at_most=max(0.0, plan.deadline_seconds - seconds),
        requests_at_least=max(0, plan.minimum_requests - seen) if seen is not None else None,
    )
