"""What the guardrails lead to: back at once where one is broken, back at the deadline where one had no data. Pure."""

from promotion.gate.outcome import Outcome
from promotion.gate.policy import GuardrailPolicy
from promotion.guardrails.findings import GuardrailState, describe_broken, share_text
from promotion.guardrails.watch import Guardrails, GuardrailWatch
from promotion.rollout.events import Stopped
from promotion.rollout.record import StopCode

NOTHING_WATCHED = Guardrails((), GuardrailPolicy(watched=()))


def broken_by(watch: GuardrailWatch) -> Stopped | None:
    """Why the canary must not keep its traffic; None where no guardrail is broken."""
    if not watch.is_broken:
        return None
    found = watch.findings
    return Stopped(Outcome.REJECT, describe_broken(found), StopCode.GUARDRAIL_BROKEN, found)


def missing_after(seconds: float, watch: GuardrailWatch) -> Stopped:
    """What a step ends with that has not passed its guardrails by its deadline, after so many seconds."""
    first = watch.missing[0]
    if first.state is GuardrailState.NO_DATA:
        why = first.text or "nothing is counted"
        text = f"no live data for {first.guardrail} in {seconds:.0f} s ({first.source}): {why}"
        return Stopped(Outcome.INCONCLUSIVE, text, StopCode.NO_LIVE_DATA, watch.findings)
    text = (
        f"{first.guardrail} are not shown to be kept in {seconds:.0f} s ({first.source}): of {first.canary_requests} "
        f"requests the canary may fail {share_text(first.excess_at_most)} more, {share_text(first.allowed)} are allowed"
    )
    return Stopped(Outcome.INCONCLUSIVE, text, StopCode.GUARDRAIL_NOT_SHOWN, watch.findings)
