"""Guardrails on simulated traffic: the real ones, over a whole rollout, on canaries whose truth is known.

Requests are independent, as the guardrails take them to be; answers take log-normal time, in the buckets of a
histogram. Beside them stands what one would write first: an error rate above stable's and the margin, at any look.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from promotion.gate.policy import GuardrailPolicy
from promotion.guardrails.served_requests import ServedPair, ServedRequests
from promotion.guardrails.watch import Guardrails, LiveWindow

STEPS = (5, 25, 50, 100)
REQUESTS_A_STEP = 2000
LOOKS_A_STEP = 5
STABLE_FAILS = 0.01
EDGES_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
MEDIAN_SECONDS, SPREAD = 0.02, 0.5


@dataclass(frozen=True, slots=True)
class ServingCanary:
    """How a canary serves, beside a stable that fails 1 % of its requests and takes 20 ms in the median."""

    name: str
    fails_more: float = 0.0
    """Share of its requests."""
    slower: float = 1.0
    """Times stable's time."""


@dataclass(frozen=True, slots=True)
class GuardrailRates:
    """What was done to one kind of canary over a rollout of four steps."""

    rule: str
    is_naive: bool
    canary: str
    runs: int
    sent_back: float
    mean_requests: float
    """Of the canary, until it was sent back or had all traffic."""


@dataclass(frozen=True, slots=True)
class _Ended:
    is_sent_back: bool
    requests: int


def serving_canaries(policy: GuardrailPolicy) -> tuple[ServingCanary, ...]:
    """As good as stable, exactly as bad as it may be, and clearly worse in one way or the other."""
    return (
        ServingCanary("serves as stable does"),
        ServingCanary("fails as much more as it may", fails_more=policy.error_margin),
        ServingCanary("fails 10 points more", fails_more=0.1),
        ServingCanary("six times as slow", slower=6.0),
    )


def run_guardrail_study(
    policy: GuardrailPolicy, runs: int, *, seed: int, report: Callable[[float], None] = lambda _done: None
) -> list[GuardrailRates]:
    """Rates of `runs` rollouts of each kind of canary; seeded. `report` is told the share that is done, 0..1."""
    found, canaries = [], serving_canaries(policy)
    for number, canary in enumerate(canaries):
        generator = np.random.default_rng([seed, 7, number])
        ended: list[tuple[_Ended, _Ended]] = []
        for run in range(runs):
            ended.append(_roll_out(canary, policy, generator))
            report((number * runs + run + 1) / (runs * len(canaries)))
        for place, (rule, is_naive) in enumerate((("guardrails", False), ("error rate above the margin", True))):
            ends = [pair[place] for pair in ended]
            sent_back = sum(one.is_sent_back for one in ends) / runs
            requests = sum(one.requests for one in ends) / runs
            found.append(GuardrailRates(rule, is_naive, canary.name, runs, sent_back, requests))
    return found


def is_sent_back(canary: ServingCanary, policy: GuardrailPolicy, generator: np.random.Generator) -> bool:
    """Whether the guardrails end one rollout of this canary."""
    return _roll_out(canary, policy, generator)[0].is_sent_back


def _roll_out(canary: ServingCanary, policy: GuardrailPolicy, generator: np.random.Generator) -> tuple[_Ended, _Ended]:
    """How one rollout ends under the guardrails, and how by the naive rule on the same requests."""
    traffic = _Traffic(canary, generator)
    guardrails = Guardrails((traffic,), policy)
    guarded: _Ended | None = None
    naive: _Ended | None = None
    before: Sequence[LiveWindow] = ()
    for percent in STEPS:
        watch = guardrails.open_window(before if percent == 100 else None)
        start = traffic.read_served()
        for look in range(1, LOOKS_A_STEP + 1):
            traffic.serve(REQUESTS_A_STEP // LOOKS_A_STEP, percent)
            served = traffic.read_served().canary.requests
            if guarded is None:
                watch.look(is_ready=look == LOOKS_A_STEP)
                guarded = _Ended(True, served) if watch.is_broken else None
            if naive is None and _fails_by_point_estimate(traffic.read_served().since(start), policy):
                naive = _Ended(True, served)
        before = watch.to_windows()
        if guarded and naive:
            break
    whole = _Ended(False, traffic.read_served().canary.requests)
    return guarded or whole, naive or whole


def _fails_by_point_estimate(seen: ServedPair, policy: GuardrailPolicy) -> bool:
    stable = seen.stable.failed / seen.stable.requests if seen.stable.requests else STABLE_FAILS
    return seen.canary.failed / max(seen.canary.requests, 1) > stable + policy.error_margin


class _Traffic:
    """A GuardrailSource of requests that are drawn."""

    name = "simulated"

    def __init__(self, canary: ServingCanary, generator: np.random.Generator) -> None:
        self._canary, self._generator = canary, generator
        nothing = ServedRequests(0, 0, EDGES_SECONDS, (0,) * (len(EDGES_SECONDS) + 1))
        self._served = ServedPair(nothing, nothing)

    def read_served(self) -> ServedPair:
        """As the seam says."""
        return self._served

    def serve(self, requests: int, percent: int) -> None:
        """So many more requests, of which the canary gets `percent` in the mean."""
        to_canary = int(self._generator.binomial(requests, percent / 100))
        fails = STABLE_FAILS + self._canary.fails_more
        self._served = ServedPair(
            self._more(self._served.stable, requests - to_canary, STABLE_FAILS, 1.0),
            self._more(self._served.canary, to_canary, fails, self._canary.slower),
        )

    def _more(self, served: ServedRequests, requests: int, fails: float, slower: float) -> ServedRequests:
        seconds = slower * MEDIAN_SECONDS * np.exp(self._generator.normal(0, SPREAD, requests))
        counts: NDArray[np.int64] = np.bincount(
            np.searchsorted(EDGES_SECONDS, seconds, side="left"), minlength=len(EDGES_SECONDS) + 1
        )
        return replace(
            served,
            requests=served.requests + requests,
            failed=served.failed + int(self._generator.binomial(requests, fails)),
            slow_counts=tuple(now + more for now, more in zip(served.slow_counts, counts.tolist(), strict=True)),
        )
