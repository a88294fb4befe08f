"""A rollout's record as Prometheus text, for whoever watches from outside: it outlives the process that rolled out."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from promotion.gate.outcome import Outcome
from promotion.guardrails.findings import GuardrailState
from promotion.rollout.record import RolloutRecord, RolloutState


def rollout_metrics(record: RolloutRecord | None) -> bytes:
    """The gauges `assay_rollout_*` of the newest record; none but `assay_rollout_id 0` before the first rollout.

    What the gateway counted is that of the newest step that was observed; a state or a verdict is 1 where it is the
    rollout's, else 0.
    """
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float) -> None:
        Gauge(f"assay_rollout_{name}", text, registry=registry).set(value)

    gauge("id", "Number of the newest rollout; 0 before the first", record.rollout_id if record else 0)
    if record is None:
        return generate_latest(registry)
    gauge("intended_percent", "Share of the requests that is meant for the canary", record.intended_percent)
    gauge("step", "Number of the step under way or last taken, from 1; 0 before the first", _step(record))
    gauge("steps", "Steps of the plan", len(record.plan.steps))
    gauge("failed_attempts", "Attempts in a row that failed for the moment", record.failed_attempts)
    _one_of(registry, "state", "What the rollout is about to do, or how it ended", record.state, RolloutState)
    _one_of(registry, "verdict", "The gate's word", record.verdict, Outcome)
    _one_of(registry, "outcome", "How the rollout ends", record.outcome, Outcome)
    bundles = Gauge("assay_rollout_bundle_info", "Bundles of the rollout", ("role", "bundle_digest"), registry=registry)
    bundles.labels("stable", record.stable_digest).set(1)
    bundles.labels("canary", record.canary_digest).set(1)
    _count_guardrails(registry, record)
    if record.observations:
        seen = record.observations[-1]
        gauge("asked_percent", "Canary's share that the last observed step asked for", seen.asked_percent)
        gauge("observed_percent", "Canary's share of what the gateway counted in that step", seen.observed_percent)
        gauge("split_p_value", "Probability of a share at least as far from the asked one", seen.split_p_value)
        counted = Gauge("assay_rollout_gateway_requests", "Counted in that step", ("role",), registry=registry)
        counted.labels("stable").set(seen.counts.stable)
        counted.labels("canary").set(seen.counts.canary)
        gauge("gateway_failed_requests", "Answers of the 5xx class in that step", seen.counts.failed)
        if seen.answered is not None:
            answered = Gauge(
                "assay_rollout_revision_requests", "Counted by the revisions in that step", ("role",), registry=registry
            )
            answered.labels("stable").set(seen.answered.stable)
            answered.labels("canary").set(seen.answered.canary)
    return generate_latest(registry)


def _count_guardrails(registry: CollectorRegistry, record: RolloutRecord) -> None:
    found = record.guardrails or (record.observations[-1].guardrails if record.observations else ())
    if found:
        text = "1 where the newest window shows this state of a guardrail, else 0"
        gauge = Gauge("assay_rollout_guardrail", text, ("guardrail", "source", "state"), registry=registry)
        for one in found:
            for state in GuardrailState:
                gauge.labels(one.guardrail, one.source, state).set(state is one.state)


def _step(record: RolloutRecord) -> int:
    is_before = record.state in {RolloutState.JUDGING, RolloutState.MIRRORING, RolloutState.SHADOWING}
    return 0 if is_before or record.verdict is not Outcome.PROMOTE else record.step + 1


def _one_of(
    registry: CollectorRegistry, name: str, text: str, found: str | None, values: type[RolloutState] | type[Outcome]
) -> None:
    gauge = Gauge(f"assay_rollout_{name}", text, (name,), registry=registry)
    for value in values:
        gauge.labels(value.value).set(value == found)
