"""The gate's honesty, in short: bounds that a broken gate fails, as the naive ones beside it do.

The tolerance is three standard errors of the runs, and for the fixed test its exact size (5.5 %).
"""

from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from promotion.gate.policy import GatePolicy
from promotion.simulation.canaries import Canary, draw_histories
from promotion.simulation.gates import Gate, gates_for
from promotion.simulation.live_traffic import GuardrailRates, run_guardrail_study
from promotion.simulation.study import GateRates, canaries_for, run_study
from promotion.simulation.study_text import describe_guardrail_study, describe_study
from promotion.statistics.e_process import EProcess
from promotion.statistics.flat_rule import FlatRule
from promotion.statistics.sequential_run import SequentialEnd, SequentialRun
from promotion.statistics.tango import tango_z

RUNS = 500
ROLLOUTS = 40
DISAGREEMENT = 0.06
POLICY = GatePolicy()
OURS = ("fixed test", "flat rule, every row", "e-process, every row", "whole verdict", "whole verdict, guardrails")
AT_THE_MARGIN, EQUAL, WORSE = "at the margin", "as good as stable", "five margins worse"


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], GateRates]:
    return {(one.gate, one.canary): one for one in run_study(POLICY, DISAGREEMENT, RUNS)}


def errors(rate: float, runs: int) -> float:
    return 3 * sqrt(rate * (1 - rate) / runs)


@pytest.mark.slow
@pytest.mark.parametrize("gate", OURS)
def test_a_canary_at_the_margin_is_promoted_in_at_most_alpha(
    found: dict[tuple[str, str], GateRates], gate: str
) -> None:
    one = found[gate, AT_THE_MARGIN]
    assert one.promoted <= 0.055 + errors(0.055, one.runs)


@pytest.mark.slow
@pytest.mark.parametrize("gate", OURS)
def test_a_canary_as_good_as_stable_is_promoted_with_the_power_and_hardly_ever_rejected(
    found: dict[tuple[str, str], GateRates], gate: str
) -> None:
    one = found[gate, EQUAL]
    assert one.promoted >= 0.88 - errors(0.88, one.runs)
    assert one.rejected <= 0.05 + errors(0.05, one.runs)


@pytest.mark.slow
@pytest.mark.parametrize("gate", OURS)
def test_a_canary_five_margins_worse_is_rejected(found: dict[tuple[str, str], GateRates], gate: str) -> None:
    assert (found[gate, WORSE].promoted, found[gate, WORSE].rejected) == (0.0, 1.0)


@pytest.mark.slow
def test_sequential_gates_see_fewer_rows(found: dict[tuple[str, str], GateRates]) -> None:
    for gate in ("flat rule, every row", "e-process, every row"):
        assert found[gate, EQUAL].mean_rows < found["fixed test", EQUAL].mean_rows
        assert found[gate, WORSE].mean_rows == pytest.approx(96, abs=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gate", "canary", "least"),
    [
        ("point estimate", AT_THE_MARGIN, 0.4),
        ("no significant difference", AT_THE_MARGIN, 0.12),
        ("fixed test every 25 rows", AT_THE_MARGIN, 0.12),
        ("the same on 40 rows", WORSE, 0.7),
    ],
)
def test_a_naive_gate_is_beyond_the_bounds(
    found: dict[tuple[str, str], GateRates], gate: str, canary: str, least: float
) -> None:
    one = found[gate, canary]
    assert one.is_naive
    assert one.promoted > least > 0.055 + errors(0.055, RUNS)


@pytest.fixture(scope="module")
def rollouts() -> dict[tuple[str, str], GuardrailRates]:
    found = run_guardrail_study(POLICY.guardrails, ROLLOUTS, seed=5)
    assert describe_guardrail_study(found)[2].startswith("serves as stable does")
    return {(one.rule, one.canary): one for one in found}


@pytest.mark.slow
@pytest.mark.parametrize("canary", ["serves as stable does", "fails as much more as it may"])
def test_guardrails_send_back_hardly_any_canary_that_serves_as_it_may_and_a_naive_rule_many(
    rollouts: dict[tuple[str, str], GuardrailRates], canary: str
) -> None:
    steps = 4 * POLICY.guardrails.alpha  # each step is a window of its own
    assert rollouts["guardrails", canary].sent_back <= steps + errors(steps, ROLLOUTS)
    assert rollouts["error rate above the margin", canary].sent_back > steps + errors(steps, ROLLOUTS)


@pytest.mark.slow
@pytest.mark.parametrize("canary", ["fails 10 points more", "six times as slow"])
def test_guardrails_send_back_what_serves_clearly_worse_before_it_has_all_traffic(
    rollouts: dict[tuple[str, str], GuardrailRates], canary: str
) -> None:
    one = rollouts["guardrails", canary]
    assert one.sent_back >= 0.95
    assert one.mean_requests < 1000


@pytest.mark.slow
def test_the_study_is_told_as_a_table(found: dict[tuple[str, str], GateRates]) -> None:
    lines = describe_study(list(found.values()))
    assert [line[:34].strip() for line in lines[2:]] == [
        "fixed test",
        "flat rule, every row",
        "e-process, every row",
        "point estimate (naive)",
        "no significant difference (naive)",
        "the same on 40 rows (naive)",
        "fixed test every 25 rows (naive)",
        "whole verdict",
        "whole verdict, guardrails",
    ]
    assert lines[0].split("  ")[-1].strip() == WORSE


def test_the_same_seed_gives_the_same_study_and_progress_ends_at_1() -> None:
    shares: list[float] = []
    small = GatePolicy(margin=0.1)
    first, again, other = (run_study(small, 0.2, 15, seed=seed, report=shares.append) for seed in (1, 1, 2))
    assert first == again != other
    assert shares[-1] == pytest.approx(1)
    assert shares == sorted(shares[: len(shares) // 3]) * 3


@pytest.mark.parametrize("name", ["flat rule, every row", "e-process, every row"])
def test_a_simulated_run_ends_where_the_run_itself_does(name: str) -> None:
    policy = GatePolicy(margin=0.1)
    gate = _named(gates_for(policy, 0.2), name)
    rule: FlatRule | EProcess = EProcess.at(margin=0.1, alpha=0.05)
    if name.startswith("flat"):
        rule = FlatRule.planned(margin=0.1, alpha=0.05, power=0.9, disagreement=0.2)
    for canary in canaries_for(policy, 0.2):
        histories = draw_histories(canary, 5, gate.rows, np.random.default_rng(3))
        ends = gate.judge(histories)
        for run in range(5):
            b, c = (np.diff(counts[run], prepend=0) for counts in (histories.b, histories.c))
            rows = zip((c == 0).tolist(), (b == 0).tolist(), strict=True)
            one = SequentialRun(rule).after_rows(rows)
            assert ends.promoted[run] == (one.end is SequentialEnd.NOT_WORSE_SHOWN)
            assert ends.rejected[run] == (one.end is SequentialEnd.HARM_SHOWN)
            assert ends.rows[run] == one.n


def test_the_simulated_fixed_test_is_tango_s() -> None:
    gate = _named(gates_for(POLICY, DISAGREEMENT), "fixed test")
    histories = draw_histories(Canary("any", -0.01, 0.06), 20, gate.rows, np.random.default_rng(4))
    z = [tango_z(int(b[-1]), int(c[-1]), gate.rows, 0.02) for b, c in zip(histories.b, histories.c, strict=True)]
    assert gate.judge(histories).promoted.tolist() == [one >= norm.isf(0.05) for one in z]


def test_histories_have_the_shares_of_their_canary() -> None:
    histories = draw_histories(Canary("any", -0.05, 0.15), 100, 2000, np.random.default_rng(5))
    assert histories.b[:, -1].mean() / 2000 == pytest.approx(0.1, abs=0.002)
    assert histories.c[:, -1].mean() / 2000 == pytest.approx(0.05, abs=0.002)


def _named(gates: list[Gate], name: str) -> Gate:
    return next(gate for gate in gates if gate.name == name)
