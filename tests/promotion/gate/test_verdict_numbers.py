"""What a verdict says in numbers and words, beyond its outcome."""

import pytest
from scipy.stats import binomtest

from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import ReasonCode
from promotion.gate.verdict import Verdict, decide
from promotion.statistics.tango import tango_lower_bound, tango_z
from tests.promotion.gate.paired_answers import Pairs, answers_of

BY_ROWS = GatePolicy(classes_are_judged=False)


def judge(policy: GatePolicy = BY_ROWS, **pairs: Pairs) -> Verdict:
    return decide(answers_of(pairs), policy)


def test_a_comparison_states_what_it_is_made_of() -> None:
    overall = judge(cat=Pairs(both=650, b=12, c=18, neither=20)).overall
    assert overall is not None
    assert (overall.name, overall.n, overall.b, overall.c, overall.margin) == ("all", 700, 12, 18, 0.02)
    assert (overall.stable_accuracy, overall.canary_accuracy) == (662 / 700, 668 / 700)
    assert overall.difference == pytest.approx(overall.canary_accuracy - overall.stable_accuracy)
    assert overall.z == tango_z(12, 18, 700, 0.02)
    assert overall.critical_z == pytest.approx(1.6448536)
    assert overall.lower_bound == tango_lower_bound(12, 18, 700, 0.05)
    assert overall.harm_p_value == pytest.approx(binomtest(12, 30, 0.5, alternative="greater").pvalue)
    assert (overall.row_floor, overall.rows_needed) == (149, 918)
    assert (overall.is_assessable, overall.is_not_worse, overall.is_harmed) == (True, True, False)


def test_classes_are_compared_at_their_own_margin() -> None:
    verdict = judge(GatePolicy(class_margin=0.1), cat=Pairs(both=200), dog=Pairs(), eel=Pairs(both=20, b=1))
    assert [(one.name, one.n, one.b, one.margin, one.row_floor) for one in verdict.classes] == [
        ("cat", 200, 0, 0.1, 29),
        ("eel", 21, 1, 0.1, 29),
    ]
    assert [one.is_not_worse for one in verdict.classes] == [True, False]


def test_classes_that_are_not_judged_are_not_compared() -> None:
    assert judge(cat=Pairs(both=200), dog=Pairs(both=10)).classes == ()


def test_alpha_and_margin_of_the_policy_are_used() -> None:
    strict = GatePolicy(margin=0.01, alpha=0.01, classes_are_judged=False)
    overall = judge(strict, cat=Pairs(both=500)).overall
    assert overall is not None
    assert overall.critical_z == pytest.approx(2.3263479)
    assert overall.row_floor == 459
    assert overall.lower_bound == tango_lower_bound(0, 0, 500, 0.01)


@pytest.mark.parametrize(
    ("pairs", "headline", "rows_needed"),
    [
        (Pairs(), "there are no rows; at least 149 are needed to show a margin of 0.02", 149),
        (Pairs(both=40), "40 rows cannot show a margin of 0.02; at least 149 are needed", 149),
        (
            Pairs(both=97, b=2, c=1),
            "100 rows cannot show a margin of 0.02; at least 149 are needed, about 643 for the disagreement seen (3 %)",
            643,
        ),
        (
            Pairs(both=470, b=18, c=12),
            "500 rows do not show a margin of 0.02: the lower bound is -0.0311; "
            "about 1285 are needed for the disagreement seen (6 %)",
            1285,
        ),
        (
            Pairs(both=970, b=22, c=8),
            "the canary is worse by about 1.4 points: of 1000 rows it loses 22 that stable has right and gains 8 "
            "(p = 0.0081)",
            None,
        ),
        (
            Pairs(both=961, b=25, c=14),
            "1000 rows do not show a margin of 0.02: the lower bound is -0.0219; "
            "about 835 are enough for the disagreement seen (3.9 %) where a canary is as good as stable",
            None,
        ),
    ],
)
def test_a_headline_says_what_was_found_and_what_is_missing(
    pairs: Pairs, headline: str, rows_needed: int | None
) -> None:
    verdict = judge(cat=pairs)
    assert verdict.headline == headline
    assert verdict.rows_needed == rows_needed


def test_a_class_that_lacks_rows_asks_for_them_at_its_share() -> None:
    required = GatePolicy(required_classes=("dog",))
    verdict = judge(required, cat=Pairs(both=970), dog=Pairs(both=30))
    assert verdict.rows_needed == 1967  # 59 of class dog, which is 30 of 1000
    assert verdict.headline == (
        "too few rows to show a margin of 0.05, which takes at least 59: required class dog (30)"
    )


def test_a_class_that_is_not_required_asks_for_no_rows() -> None:
    assert judge(GatePolicy(), cat=Pairs(both=100), dog=Pairs(both=30)).rows_needed == 149


def test_a_reason_carries_its_numbers() -> None:
    policy = GatePolicy(minimum_accuracy=0.9)
    pairs = {"cat": Pairs(both=3000), "dog": Pairs(both=85, b=15), "eel": Pairs(both=85, c=15), "fox": Pairs(both=9)}
    numbers = {reason.code: reason.numbers for reason in judge(policy, **pairs).reasons}
    assert numbers[ReasonCode.CLASS_HARM_SHOWN]["class"] == "dog"
    assert (numbers[ReasonCode.CLASS_HARM_SHOWN]["n"], numbers[ReasonCode.CLASS_HARM_SHOWN]["b"]) == (100, 15)
    assert numbers[ReasonCode.CLASS_NOT_ASSESSABLE] == {"classes": "fox", "margin": 0.05, "row_floor": 59}
