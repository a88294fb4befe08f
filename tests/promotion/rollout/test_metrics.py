"""A record as gauges: values in, Prometheus text out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from promotion.gate.outcome import Outcome
from promotion.rollout.metrics import rollout_metrics
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState, StepObservation
from promotion.rollout.transitions import advance
from promotion.routers.request_counts import RequestCounts
from tests.promotion.rollout.events import AT, begun, possible_events, success_of


def read(record: RolloutRecord | None) -> dict[str, float]:
    """Samples by name, a label's value behind a colon where there is one."""
    families = text_string_to_metric_families(rollout_metrics(record).decode())
    samples = [sample for family in families for sample in family.samples]
    return {":".join([each.name.removeprefix("assay_rollout_"), *each.labels.values()]): each.value for each in samples}


def test_before_the_first_rollout_there_is_none() -> None:
    assert read(None) == {"id": 0}


def test_the_gauges_follow_a_rollout_that_goes_well() -> None:
    record = begun(RolloutPlan(steps=(10, 100)))
    intended = [read(record)["intended_percent"]]
    while not record.is_finished:
        record = advance(record, success_of(record), AT)
        intended.append(read(record)["intended_percent"])
    assert intended == [0, 10, 10, 10, 100, 100, 100, 100]
    gauges = read(record)
    assert (gauges["step"], gauges["steps"], gauges["state:promoted"], gauges["verdict:PROMOTE"]) == (2, 2, 1, 1)
    assert sum(value for name, value in gauges.items() if name.startswith("state:")) == 1


def test_what_the_gateway_counted_is_that_of_the_last_observed_step() -> None:
    seen = (
        StepObservation(5, RequestCounts(95, 5, 0), 0.9, 3.0),
        StepObservation(25, RequestCounts(80, 20, 3), 0.25, 3.0),
    )
    gauges = read(replace(begun(RolloutPlan()), observations=seen))
    assert (gauges["asked_percent"], gauges["observed_percent"], gauges["split_p_value"]) == (25, 20, 0.25)
    assert (gauges["gateway_requests:stable"], gauges["gateway_requests:canary"]) == (80, 20)
    assert gauges["gateway_failed_requests"] == 3


def test_what_the_revisions_counted_is_shown_where_it_is_known() -> None:
    seen = StepObservation(5, RequestCounts(95, 5, 0), 0.9, 3.0)
    assert not any(
        name.startswith("revision_requests") for name in read(replace(begun(RolloutPlan()), observations=(seen,)))
    )
    asked = replace(seen, answered=RequestCounts(94, 6, 0))
    gauges = read(replace(begun(RolloutPlan()), observations=(asked,)))
    assert (gauges["revision_requests:stable"], gauges["revision_requests:canary"]) == (94, 6)


def test_a_rejected_canary_is_meant_to_get_nothing() -> None:
    rejected = replace(
        begun(RolloutPlan()), state=RolloutState.RESTORED, verdict=Outcome.REJECT, outcome=Outcome.REJECT
    )
    gauges = read(rejected)
    assert (gauges["intended_percent"], gauges["step"]) == (0, 0)
    assert (gauges["verdict:REJECT"], gauges["outcome:REJECT"], gauges["verdict:PROMOTE"]) == (1, 1, 0)
    assert gauges["bundle_info:c:canary"] == 1


@given(data=st.data())
def test_every_record_has_gauges_and_one_state(data: st.DataObject) -> None:
    record = begun(RolloutPlan())
    for _ in range(data.draw(st.integers(0, 12))):
        if not record.is_finished:
            record = advance(record, data.draw(possible_events(record)), AT)
    assert sum(value for name, value in read(record).items() if name.startswith("state:")) == 1
