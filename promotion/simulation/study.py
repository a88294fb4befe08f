"""The study: every gate on every kind of canary, in a table of rates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.simulation.canaries import Canary, draw_histories
from promotion.simulation.gates import Gate, gates_for
from promotion.simulation.live_traffic import ServingCanary, is_sent_back
from promotion.simulation.whole_verdict import verdicts

SEED = 20261121
RUNS_AT_ONCE = 250
VERDICT_RUNS_SHARE = 10
"""Runs of the other gates for one of the whole verdict, which takes milliseconds."""


@dataclass(frozen=True, slots=True)
class GateRates:
    """What one gate did to one kind of canary."""

    gate: str
    is_naive: bool
    canary: str
    runs: int
    promoted: float
    rejected: float
    mean_rows: float


def canaries_for(policy: GatePolicy, disagreement: float) -> tuple[Canary, ...]:
    """Worse by the margin, as good as stable, and worse by five margins with as much more disagreement."""
    worse = 5 * policy.margin
    return (
        Canary("at the margin", -policy.margin, max(disagreement, policy.margin)),
        Canary("as good as stable", 0.0, disagreement),
        Canary("five margins worse", -worse, disagreement + worse - policy.margin),
    )


def run_study(
    policy: GatePolicy,
    disagreement: float,
    runs: int,
    *,
    seed: int = SEED,
    report: Callable[[float], None] = lambda _done: None,
) -> list[GateRates]:
    """Rates of `runs` runs of each gate on each canary, a tenth as many of the whole verdict; seeded.

    The whole verdict stands there alone, and with the guardrails of the rollout that follows a PROMOTE, in which the
    canary serves as stable does.

    `report` is told the share that is done, 0..1. About a millisecond a run and gate.
    """
    gates, canaries = gates_for(policy, disagreement), canaries_for(policy, disagreement)
    done = 0
    found = []

    def count(steps: int) -> None:
        nonlocal done
        done += steps
        report(done / (2 * runs * len(canaries)))

    for number, canary in enumerate(canaries):
        found += _simulate(canary, gates, runs, np.random.default_rng([seed, number]), count)
        found += _simulate_verdict(canary, policy, gates[0].rows, runs, [seed, number, 1], count)
    return found


def _simulate(
    canary: Canary, gates: Sequence[Gate], runs: int, generator: np.random.Generator, count: Callable[[int], None]
) -> list[GateRates]:
    sums = np.zeros((len(gates), 3))
    most = max(gate.rows for gate in gates)
    for first in range(0, runs, RUNS_AT_ONCE):
        some = min(RUNS_AT_ONCE, runs - first)
        histories = draw_histories(canary, some, most, generator)
        for place, gate in enumerate(gates):
            ends = gate.judge(histories)
            sums[place] += ends.promoted.sum(), ends.rejected.sum(), ends.rows.sum()
        count(some)
    return [
        GateRates(gate.name, gate.is_naive, canary.name, runs, *(float(one) for one in sums[place] / runs))
        for place, gate in enumerate(gates)
    ]


def _simulate_verdict(
    canary: Canary, policy: GatePolicy, rows: int, runs: int, seed: list[int], count: Callable[[int], None]
) -> list[GateRates]:
    fewer = max(runs // VERDICT_RUNS_SHARE, 1)
    serving, traffic = ServingCanary("as stable"), np.random.default_rng([*seed, 1])
    judged: list[Outcome] = []
    ended: list[Outcome] = []
    for outcome in verdicts(canary, policy, fewer, rows, np.random.default_rng(seed)):
        goes_back = outcome is Outcome.PROMOTE and is_sent_back(serving, policy.guardrails, traffic)
        judged.append(outcome)
        ended.append(Outcome.REJECT if goes_back else outcome)
        count(runs // fewer if len(judged) < fewer else runs - (fewer - 1) * (runs // fewer))
    return [
        GateRates(
            name,
            False,
            canary.name,
            fewer,
            outcomes.count(Outcome.PROMOTE) / fewer,
            outcomes.count(Outcome.REJECT) / fewer,
            float(rows),
        )
        for name, outcomes in (("whole verdict", judged), ("whole verdict, guardrails", ended))
    ]
