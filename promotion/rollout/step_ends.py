"""What a step's counts lead to, once it has seen its requests or its deadline; pure."""

from promotion.gate.outcome import Outcome
from promotion.guardrails.watch import GuardrailWatch
from promotion.rollout.events import Event, Failed, Observed, Stopped
from promotion.rollout.record import RolloutRecord, StepObservation
from promotion.routers.request_counts import RequestCounts
from promotion.statistics.split_check import split_p_value

SPLIT_ALARM = 0.001


def interrupted(text: str) -> Stopped:
    """Somebody's hand is no fault that another attempt could mend, so it is no ERROR: nobody begins anew by himself."""
    return Stopped(Outcome.INCONCLUSIVE, text)


def failing(record: RolloutRecord, counts: RequestCounts) -> Stopped | None:
    """Why the canary must not keep its traffic, by the plan's bound on failed requests."""
    plan, answered = record.plan, counts.stable + counts.canary
    if record.intended_percent == 0 or counts.failed <= plan.maximum_failed_percent / 100 * max(
        answered, plan.minimum_requests
    ):
        return None
    text = f"{counts.failed} of {answered} requests failed at {record.intended_percent} %"
    return Stopped(Outcome.REJECT, f"{text}; at most {plan.maximum_failed_percent:g} % may")


def too_few_requests(record: RolloutRecord, answered: int, seconds: float) -> Stopped:
    """No traffic is no evidence."""
    text = f"only {answered} requests in {seconds:.0f} s at {record.asked_percent} %"
    return Stopped(Outcome.INCONCLUSIVE, f"{text}; a step needs {record.plan.minimum_requests}")


def judge_step(
    record: RolloutRecord,
    counts: RequestCounts,
    seconds: float,
    answered: RequestCounts | None,
    watch: GuardrailWatch,
) -> Event:
    """A step that has all it waited for: observed, unless the gateway's counts are not the split that was asked for."""
    asked = record.asked_percent
    p_value = split_p_value(counts.stable, counts.canary, asked)
    observation = StepObservation(asked, counts, p_value, seconds, answered, watch.findings, watch.to_windows())
    if observation.split_p_value < SPLIT_ALARM:
        requests = counts.stable + counts.canary
        return Failed(  # for the moment, it may be: slow answers to the split before, or stable that stood in
            f"asked {asked} %, observed {observation.observed_percent:.1f} % of {requests} requests: "
            f"not the split that was asked for (p = {observation.split_p_value:.1g})",
        )
    return Observed(observation)
