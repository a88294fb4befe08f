"""How often the whole verdict promotes, classes and all: seeded runs of `decide` itself.

An intersection-union test needs no correction: with any one condition at its margin, the verdict promotes no more often
than that condition's test does. The tolerance is that test's own (5.5 % at these disagreements, see
tests/promotion/statistics/test_false_promotion.py) and three standard errors of the runs.
"""

from math import sqrt

import numpy as np
import pytest

from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.verdict import Verdict, decide
from tests.promotion.gate.paired_answers import Pairs, answers_of

RUNS = 1000
POLICY = GatePolicy(margin=0.02, class_margin=0.05, alpha=0.05)
SIZE = 0.055
TOLERATED = SIZE + 3 * sqrt(SIZE * (1 - SIZE) / RUNS)

pytestmark = pytest.mark.slow


def verdicts(differences: dict[str, float], *, rows_a_class: int, disagreement: float) -> list[Verdict]:
    """Verdicts on canaries whose true difference to stable in each class is `differences`."""
    generator = np.random.default_rng(20261121)
    found = []
    for _ in range(RUNS):
        pairs = {}
        for label, difference in differences.items():
            only_stable, only_canary = (disagreement - difference) / 2, (disagreement + difference) / 2
            both = 0.8 - only_stable
            shares = (both, only_stable, only_canary, 1 - both - only_stable - only_canary)
            pairs[label] = Pairs(*(int(count) for count in generator.multinomial(rows_a_class, shares)))
        found.append(decide(answers_of(pairs), POLICY))
    return found


def promoted(found: list[Verdict]) -> float:
    return sum(verdict.outcome is Outcome.PROMOTE for verdict in found) / RUNS


def promoted_by_point_estimates(found: list[Verdict]) -> float:
    within = [
        all(one.difference >= -one.margin for one in (verdict.overall, *verdict.classes) if one is not None)
        for verdict in found
    ]
    return sum(within) / RUNS


def test_a_canary_at_the_margin_overall_is_promoted_in_at_most_alpha() -> None:
    found = verdicts({"cat": -0.02, "dog": -0.02, "eel": -0.02}, rows_a_class=400, disagreement=0.06)
    assert promoted(found) <= TOLERATED < promoted_by_point_estimates(found)


def test_a_canary_at_the_margin_in_one_class_is_promoted_in_at_most_alpha() -> None:
    found = verdicts({"cat": 0.04, "dog": 0.04, "eel": -0.05}, rows_a_class=400, disagreement=0.08)
    assert promoted(found) <= TOLERATED < promoted_by_point_estimates(found)


def test_an_equal_canary_is_promoted_at_the_planned_rows_and_almost_never_rejected() -> None:
    found = verdicts({"cat": 0.0, "dog": 0.0, "eel": 0.0}, rows_a_class=429, disagreement=0.06)
    assert promoted(found) >= 0.86  # 0.89 at 1285 rows, less three standard errors
    # Two tests of harm at alpha, overall and among classes, and only where not everything is shown.
    assert sum(verdict.outcome is Outcome.REJECT for verdict in found) / RUNS <= 0.06


def test_a_canary_that_lost_a_class_is_never_promoted() -> None:
    found = verdicts({"cat": 0.05, "dog": 0.05, "eel": -0.2}, rows_a_class=100, disagreement=0.22)
    assert promoted(found) == 0
    assert sum(verdict.outcome is Outcome.REJECT for verdict in found) / RUNS > 0.9
