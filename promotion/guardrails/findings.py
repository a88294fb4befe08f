"""What the guardrails find in a window: a finding for each of them, pure.

Errors: the difference of the shares of failed requests. Latency: the difference of a quantile, which is known only to
its bucket, and bounded by order statistics whatever the distribution is. A guardrail is broken where even the smallest
difference that the counts allow is above what may be; it is kept where even the largest is not.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from promotion.gate.policy import Guardrail, GuardrailPolicy
from promotion.guardrails.served_requests import ServedPair, ServedRequests
from promotion.statistics.bucket_quantile import quantile_at_most, quantile_bounds
from promotion.statistics.share_difference import share_difference_bounds
from promotion.statistics.wilson import wilson_bounds

SHARES = {Guardrail.P50: 0.5, Guardrail.P95: 0.95, Guardrail.P99: 0.99}


class GuardrailState(StrEnum):
    """What a window shows of one guardrail."""

    NO_DATA = "NO_DATA"
    """Too few requests, or a source that cannot be asked: never a pass."""
    NOT_COMPARED = "NOT_COMPARED"
    """Stable has taken no requests in the whole rollout, so nothing can be compared with it."""
    OPEN = "OPEN"
    """Enough requests, which show neither that it is kept nor that it is broken."""
    KEPT = "KEPT"
    """Shown to be kept."""
    BROKEN = "BROKEN"
    """Shown to be broken."""


STATE_TEXTS: Mapping[GuardrailState, str] = {
    GuardrailState.NO_DATA: "no data",
    GuardrailState.NOT_COMPARED: "no stable to compare with",
    GuardrailState.OPEN: "not shown",
    GuardrailState.KEPT: "kept",
    GuardrailState.BROKEN: "broken",
}
"""For a person."""


@dataclass(frozen=True, slots=True)
class GuardrailFinding:
    """One guardrail by one source; shares of 1 for errors, seconds for latency; None where it cannot be said."""

    source: str
    guardrail: Guardrail
    state: GuardrailState
    stable_requests: int
    canary_requests: int
    stable: float | None = None
    """Its share of failed requests, or the edge that the quantile does not exceed."""
    canary: float | None = None
    excess_at_least: float | None = None
    """Lower bound of what the canary has more than stable."""
    excess_at_most: float | None = None
    allowed: float | None = None
    """What the canary may have more."""
    text: str = ""
    """Why there are no data, where the source says it."""


def find(
    source: str, guardrail: Guardrail, seen: ServedPair, policy: GuardrailPolicy, alpha: float
) -> GuardrailFinding:
    """What one source's window shows of `guardrail` at the one-sided level `alpha`.

    Where stable has no request at all, the canary's errors stand against a stable that never fails, and its latency
    against nothing.
    """
    stable, canary = counted(guardrail, seen)
    if canary < policy.minimum_requests or 0 < stable < policy.minimum_requests:
        text = f"{canary} requests of the canary and {stable} of stable, {policy.minimum_requests} are needed"
        return GuardrailFinding(source, guardrail, GuardrailState.NO_DATA, stable, canary, text=text)
    if guardrail is Guardrail.ERRORS:
        return _find_errors(source, seen, policy, alpha)
    if stable == 0:
        return GuardrailFinding(source, guardrail, GuardrailState.NOT_COMPARED, stable, canary)
    return _find_latency(source, guardrail, seen, policy, alpha)


def counted(guardrail: Guardrail, seen: ServedPair) -> tuple[int, int]:
    """Requests of stable and of the canary that `guardrail` goes by."""
    if guardrail is Guardrail.ERRORS:
        return seen.stable.requests, seen.canary.requests
    return seen.stable.timed, seen.canary.timed


def _find_errors(source: str, seen: ServedPair, policy: GuardrailPolicy, alpha: float) -> GuardrailFinding:
    stable, canary = seen.stable, seen.canary
    if stable.requests:
        low, high = share_difference_bounds(canary.failed, canary.requests, stable.failed, stable.requests, alpha)
    else:
        low, high = wilson_bounds(canary.failed, canary.requests, alpha)
    return GuardrailFinding(
        source,
        Guardrail.ERRORS,
        _state(low > policy.error_margin, high <= policy.error_margin),
        stable.requests,
        canary.requests,
        stable=stable.failed / stable.requests if stable.requests else None,
        canary=canary.failed / canary.requests,
        excess_at_least=low,
        excess_at_most=high,
        allowed=policy.error_margin,
    )


def _find_latency(
    source: str, guardrail: Guardrail, seen: ServedPair, policy: GuardrailPolicy, alpha: float
) -> GuardrailFinding:
    stable, canary = seen.stable, seen.canary
    share = SHARES[guardrail]
    stable_low, stable_high = _bounds(stable, share, alpha / 2)
    canary_low, canary_high = _bounds(canary, share, alpha / 2)
    allowed = _allowed(stable_high, policy)
    at_least = canary_low - stable_high
    is_kept = canary_high < inf and canary_high - stable_low <= _allowed(stable_low, policy)
    return GuardrailFinding(
        source,
        guardrail,
        _state(stable_high < inf and at_least > allowed, is_kept),
        stable.timed,
        canary.timed,
        stable=_finite(quantile_at_most(stable.slow_counts, (*stable.edges_seconds, inf), share)),
        canary=_finite(quantile_at_most(canary.slow_counts, (*canary.edges_seconds, inf), share)),
        excess_at_least=_finite(at_least),
        excess_at_most=_finite(canary_high - stable_low),
        allowed=_finite(allowed),
    )


def _bounds(served: ServedRequests, share: float, alpha: float) -> tuple[float, float]:
    return quantile_bounds(served.slow_counts, (*served.edges_seconds, inf), share, alpha)


def _allowed(stable_seconds: float, policy: GuardrailPolicy) -> float:
    return max((policy.latency_ratio - 1) * stable_seconds, policy.latency_margin_seconds)


def _state(is_broken: bool, is_kept: bool) -> GuardrailState:
    return GuardrailState.BROKEN if is_broken else GuardrailState.KEPT if is_kept else GuardrailState.OPEN


def _finite(value: float) -> float | None:
    return value if abs(value) < inf else None


def find_disagreements(found: Sequence[GuardrailFinding]) -> frozenset[Guardrail]:
    """The guardrails of which the sources of one window do not find the same."""
    states: defaultdict[Guardrail, set[GuardrailState]] = defaultdict(set)
    for one in found:
        states[one.guardrail].add(one.state)
    return frozenset(guardrail for guardrail, different in states.items() if len(different) > 1)


def describe_broken(found: Sequence[GuardrailFinding]) -> str:
    """The broken guardrails in a line."""
    return "; ".join(_describe(one) for one in found if one.state is GuardrailState.BROKEN)


def _describe(one: GuardrailFinding) -> str:
    of = f"of {one.canary_requests} requests against {one.stable_requests} ({one.source})"
    if one.guardrail is Guardrail.ERRORS:
        return (
            f"the canary fails {share_text(one.canary)}, stable {share_text(one.stable)} {of}: "
            f"{share_text(one.excess_at_least)} more at least, {share_text(one.allowed)} may"
        )
    return (
        f"the canary's {one.guardrail} is {seconds_text(one.canary)}, stable's {seconds_text(one.stable)} {of}: "
        f"{seconds_text(one.excess_at_least)} more at least, {seconds_text(one.allowed)} may"
    )


def seconds_text(seconds: float | None) -> str:
    """Milliseconds for a person; `-` where it cannot be said."""
    return "-" if seconds is None else f"{round(1000 * seconds, 1):g} ms"


def share_text(share: float | None) -> str:
    """Percent for a person; `-` where it cannot be said."""
    return "-" if share is None else f"{share:.1%}"
