"""What a window shows of each guardrail."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.gate.policy import Guardrail, GuardrailPolicy
from promotion.guardrails.findings import GuardrailFinding, GuardrailState, describe_broken, find
from promotion.guardrails.served_requests import ServedPair, ServedRequests
from tests.promotion.guardrails.counted import served

POLICY = GuardrailPolicy()
STATES = GuardrailState


def found(guardrail: Guardrail, stable: ServedRequests, canary: ServedRequests) -> GuardrailFinding:
    return find("gateway", guardrail, ServedPair(stable, canary), POLICY, 0.001)


@pytest.mark.parametrize(
    ("stable", "canary", "state"),
    [
        (served(95), served(5), STATES.OPEN),
        (served(95), served(5, 1), STATES.OPEN),
        (served(95), served(5, 5), STATES.BROKEN),
        (served(1000), served(1000), STATES.KEPT),
        (served(1000, 100), served(1000, 100), STATES.OPEN),
        (served(1000, 10), served(1000, 100), STATES.BROKEN),
        (served(95), served(4, 4), STATES.NO_DATA),
        (served(4), served(95), STATES.NO_DATA),
        (served(0), served(1000), STATES.KEPT),
        (served(0), served(1000, 100), STATES.BROKEN),
        (served(95), served(0), STATES.NO_DATA),
    ],
)
def test_errors(stable: ServedRequests, canary: ServedRequests, state: GuardrailState) -> None:
    assert found(Guardrail.ERRORS, stable, canary).state is state


@pytest.mark.parametrize(
    ("guardrail", "stable", "canary", "state"),
    [
        (Guardrail.P50, served(1000), served(1000), STATES.KEPT),
        (Guardrail.P50, served(1000), served(100, slow=100), STATES.BROKEN),
        (Guardrail.P50, served(1000), served(100, slow=20), STATES.KEPT),
        (Guardrail.P95, served(1000), served(100, slow=20), STATES.BROKEN),
        (Guardrail.P95, served(1000), served(100, slow=5), STATES.OPEN),
        (Guardrail.P99, served(1000), served(100), STATES.OPEN),
        (Guardrail.P99, served(10000), served(10000, slow=200), STATES.BROKEN),
        (Guardrail.P95, served(1000, slow=200), served(1000, slow=200), STATES.OPEN),
        (Guardrail.P95, served(1000), served(4, slow=4), STATES.NO_DATA),
        (Guardrail.P95, served(1000), ServedRequests(1000), STATES.NO_DATA),
        (Guardrail.P95, served(0), served(1000), STATES.NOT_COMPARED),
        (Guardrail.P99, served(20), served(1000, slow=1000), STATES.OPEN),
    ],
)
def test_latency(guardrail: Guardrail, stable: ServedRequests, canary: ServedRequests, state: GuardrailState) -> None:
    assert found(guardrail, stable, canary).state is state


def test_a_few_milliseconds_more_are_no_harm_whatever_their_ratio() -> None:
    fast = ServedRequests(1000, 0, (0.001, 0.05), (1000, 0, 0))
    slower = ServedRequests(1000, 0, (0.001, 0.05), (0, 1000, 0))
    assert found(Guardrail.P50, fast, slower).state is STATES.KEPT
    strictly = replace(POLICY, latency_margin_seconds=0.0, latency_ratio=1.0)
    slow = ServedRequests(1000, 0, (0.001, 0.05), (0, 0, 1000))
    assert find("gateway", Guardrail.P50, ServedPair(fast, slow), strictly, 0.001).state is STATES.BROKEN


def test_a_broken_guardrail_says_its_numbers() -> None:
    errors = found(Guardrail.ERRORS, served(1000, 10), served(100, 30))
    late = found(Guardrail.P95, served(1000), served(100, slow=50))
    assert describe_broken([errors, late]) == (
        "the canary fails 30.0%, stable 1.0% of 100 requests against 1000 (gateway): 17.0% more at least, 2.0% may; "
        "the canary's p95 is 1000 ms, stable's 100 ms of 100 requests against 1000 (gateway): "
        "200 ms more at least, 100 ms may"
    )


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_fewer_failures_of_the_canary_never_break_what_more_do_not(
    stable: int, canary: int, failed: int, fewer: int
) -> None:
    failed, fewer = min(failed, canary), min(fewer, failed, canary)
    one = found(Guardrail.ERRORS, served(stable), served(canary, failed))
    better = found(Guardrail.ERRORS, served(stable), served(canary, fewer))
    if one.state is not STATES.BROKEN:
        assert better.state is not STATES.BROKEN
    if one.state is STATES.KEPT:
        assert better.state is STATES.KEPT
