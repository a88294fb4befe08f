"""Regression models: the decision table over paired absolute errors."""

import numpy as np
import pytest

from promotion.gate.evidence import PairedErrors
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import ReasonCode as Code
from promotion.gate.verdict import decide_by_errors
from promotion.gate.verdict_text import describe_verdict

POLICY = GatePolicy(margin=0.05)
HARM_FIRST = GatePolicy(margin=0.05, harm_goes_first=True)


def errors(rows: int, growth: float, spread: float = 0.1) -> PairedErrors:
    generator = np.random.default_rng(11)
    stable = generator.gamma(2.0, 1.0, rows)
    canary = stable * (1 + growth) * np.exp(generator.normal(0, spread, rows))
    return PairedErrors(tuple(stable.tolist()), tuple(canary.tolist()))


@pytest.mark.parametrize(
    ("evidence", "policy", "outcome", "codes"),
    [
        (errors(0, 0.0), POLICY, Outcome.INCONCLUSIVE, [Code.NO_EVIDENCE]),
        (errors(1, 0.0), POLICY, Outcome.INCONCLUSIVE, [Code.NO_EVIDENCE]),
        (errors(58, -0.01), POLICY, Outcome.INCONCLUSIVE, [Code.TOO_FEW_ROWS]),
        (errors(400, -0.01), POLICY, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN]),
        (errors(400, 0.03, 0.05), POLICY, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN, Code.WORSE_WITHIN_MARGIN]),
        (errors(400, 0.03, 0.05), HARM_FIRST, Outcome.REJECT, [Code.HARM_SHOWN]),
        (errors(400, 0.0, 1.0), POLICY, Outcome.REJECT, [Code.HARM_SHOWN]),
        (errors(400, -0.39, 1.0), POLICY, Outcome.INCONCLUSIVE, [Code.NOT_WORSE_NOT_SHOWN]),
        (errors(40, 0.2), POLICY, Outcome.REJECT, [Code.HARM_SHOWN]),
        (PairedErrors((0.0,) * 60, (0.0,) * 60), POLICY, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN]),
        (PairedErrors((0.0,) * 60, (1.0,) * 60), POLICY, Outcome.REJECT, [Code.HARM_SHOWN]),
    ],
)
def test_the_table_gives(evidence: PairedErrors, policy: GatePolicy, outcome: Outcome, codes: list[Code]) -> None:
    verdict = decide_by_errors(evidence, policy)
    assert (verdict.outcome, [reason.code for reason in verdict.reasons]) == (outcome, codes)


def test_a_verdict_is_told_with_both_bounds() -> None:
    lines = describe_verdict(decide_by_errors(errors(400, -0.01), POLICY))
    assert lines == (
        "PROMOTE: the canary's mean error grows by at most 0.55%, the margin is 5.00%",
        "",
        "n = 400 rows",
        "mean absolute error: stable 2.06332, canary 2.05232, difference -0.53%",
        "not worse: the error grows by at most +0.55% (t), +0.52% (bootstrap); margin +5.00%",
        "harm: p = 0.793",
    )


def test_a_reason_carries_its_numbers() -> None:
    numbers = decide_by_errors(errors(400, -0.01), POLICY).reasons[0].numbers
    assert numbers["n"] == 400
    assert numbers["bound_by_t"] == pytest.approx(0.0055, abs=1e-4)


def test_the_same_errors_give_the_same_verdict() -> None:
    assert decide_by_errors(errors(200, 0.0), POLICY) == decide_by_errors(errors(200, 0.0), POLICY)


def test_an_error_that_stable_has_not_has_no_growth() -> None:
    verdict = decide_by_errors(PairedErrors((0.0,) * 60, (0.0, 1.0) * 30), POLICY)
    assert verdict.errors is not None
    assert (verdict.errors.growth, verdict.errors.bound_by_t, verdict.errors.bound_by_bootstrap) == (None, None, None)
    assert "growth" not in verdict.reasons[0].numbers
    assert "canary 0.5, difference any share" in describe_verdict(verdict)[3]
