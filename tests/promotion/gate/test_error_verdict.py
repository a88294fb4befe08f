"""Regression models: the decision table over paired absolute errors."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from scipy.stats import t

from promotion.gate.evidence import PairedErrors, SliceGroup
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy, SliceDefinition
from promotion.gate.reasons import ReasonCode as Code
from promotion.gate.verdict import decide_by_errors
from promotion.gate.verdict_text import describe_verdict
from promotion.statistics.paired_errors import error_growth_t

POLICY = GatePolicy(growth_margin=0.05)
HARM_FIRST = GatePolicy(growth_margin=0.05, harm_goes_first=True)

BY_HALF = GatePolicy(slices=(SliceDefinition("half", "half < 1"),))
HALVES_REQUIRED = replace(BY_HALF, required_slices=("half",))


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
        "PROMOTE: the canary's mean error grows by at most 0.55%, the margin is 5.00% of stable's 2.063",
        "",
        "n = 400 rows",
        "mean absolute error: stable 2.06332, canary 2.05232, difference -0.53%",
        "not worse: growth of the error at most +0.55% (t), +0.52% (bootstrap); margin +5.00%",
        "harm: p = 0.793",
    )


def grouped(rows: int, first: int) -> tuple[SliceGroup, SliceGroup]:
    """The first rows, and the others."""
    is_first = tuple(place < first for place in range(rows))
    return SliceGroup("half", "half one", is_first), SliceGroup("half", "half two", tuple(not one for one in is_first))


def joined(*parts: PairedErrors) -> PairedErrors:
    return PairedErrors(sum((one.stable for one in parts), ()), sum((one.canary for one in parts), ()))


@pytest.mark.parametrize(
    ("evidence", "first", "policy", "outcome", "codes"),
    [
        (errors(800, -0.05), 400, BY_HALF, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN]),
        (errors(800, -0.05), 28, BY_HALF, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN, Code.SLICE_NOT_ASSESSABLE]),
        (errors(800, -0.05), 1, BY_HALF, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN, Code.SLICE_NOT_ASSESSABLE]),
        (errors(800, -0.05), 28, HALVES_REQUIRED, Outcome.INCONCLUSIVE, [Code.REQUIRED_SLICE_NOT_ASSESSABLE]),
        (joined(errors(100, 0.3), errors(800, -0.1)), 100, BY_HALF, Outcome.REJECT, [Code.SLICE_HARM_SHOWN]),
        (
            joined(errors(100, -0.39, 1.0), errors(800, -0.1)),
            100,
            BY_HALF,
            Outcome.INCONCLUSIVE,
            [Code.SLICE_NOT_WORSE_NOT_SHOWN],
        ),
        (
            joined(errors(400, 0.05, 0.05), errors(800, -0.1)),
            400,
            BY_HALF,
            Outcome.PROMOTE,
            [Code.NOT_WORSE_SHOWN, Code.SLICE_WORSE_WITHIN_MARGIN],
        ),
    ],
)
def test_groups_of_a_slice_go_by_the_same_table(
    evidence: PairedErrors, first: int, policy: GatePolicy, outcome: Outcome, codes: list[Code]
) -> None:
    verdict = decide_by_errors(evidence, policy, grouped(len(evidence.stable), first))
    assert (verdict.outcome, [reason.code for reason in verdict.reasons]) == (outcome, codes)


def test_groups_are_told_in_a_table_and_the_rows_that_would_decide_are_those_of_the_group_that_needs_most() -> None:
    evidence = joined(errors(100, -0.39, 1.0), errors(800, -0.1))
    verdict = decide_by_errors(evidence, BY_HALF, grouped(900, 100))
    group = verdict.error_slices[0]
    assert group.rows_needed is not None
    assert verdict.rows_needed == ceil(900 * group.rows_needed / 100)
    lines = describe_verdict(verdict)
    table = [line for line in lines if line.startswith(("slice", "half"))]
    assert table[0].rstrip().endswith("by t  by bootstrap   margin  harm p")
    assert table[1].startswith("half one  100  ")
    assert table[1].endswith("not shown")
    assert lines[-1] == f"rows of the data set that would decide: about {verdict.rows_needed}"


def test_the_rows_that_are_needed_have_the_power() -> None:
    """As many as are said to be needed promote nine of ten canaries as good as stable."""
    planned = decide_by_errors(errors(200, 0.0, 0.5), POLICY).errors
    assert planned is not None
    assert planned.rows_needed is not None
    generator = np.random.default_rng(1)
    rows, runs, shown = planned.rows_needed, 300, 0
    for _ in range(runs):
        stable = generator.gamma(2.0, 1.0, rows)
        canary = stable * np.exp(generator.normal(-(0.5**2) / 2, 0.5, rows))
        shown += error_growth_t(stable, canary, 0.05) >= t.isf(0.05, rows - 1)
    assert 0.82 <= shown / runs <= 0.97


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
