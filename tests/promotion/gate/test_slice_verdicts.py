"""The groups of slices in the decision table: judged like classes, with codes of their own."""

from dataclasses import replace

import pytest

from promotion.gate.evidence import SliceGroup
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy, SliceDefinition
from promotion.gate.reasons import ReasonCode as Code
from promotion.gate.verdict import decide
from promotion.gate.verdict_text import describe_verdict
from tests.promotion.gate.paired_answers import Pairs, answers_of

IN_DAYLIGHT, AT_NIGHT = SliceGroup("light", "light day", ()), SliceGroup("light", "light night", ())
BY_LIGHT = GatePolicy(classes_are_judged=False, slices=(SliceDefinition("light", "lux < 10"),))
LIGHT_IS_REQUIRED = replace(BY_LIGHT, required_slices=("light",))
MANY = Pairs(both=3000)

SliceTable = list[tuple[str, Pairs, Pairs, GatePolicy, Outcome, list[Code]]]

BY_SLICES: SliceTable = [
    ("both groups shown", MANY, MANY, LIGHT_IS_REQUIRED, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN]),
    (
        "a small group is a warning",
        MANY,
        Pairs(both=58),
        BY_LIGHT,
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN, Code.SLICE_NOT_ASSESSABLE],
    ),
    (
        "a small group of a required slice",
        MANY,
        Pairs(both=58),
        LIGHT_IS_REQUIRED,
        Outcome.INCONCLUSIVE,
        [Code.REQUIRED_SLICE_NOT_ASSESSABLE],
    ),
    (
        "a group not shown",
        MANY,
        Pairs(both=94, b=4, c=2),
        BY_LIGHT,
        Outcome.INCONCLUSIVE,
        [Code.SLICE_NOT_WORSE_NOT_SHOWN],
    ),
    (
        "harm in a group that all rows hide",
        Pairs(both=3000, c=20),
        Pairs(both=85, b=15),
        BY_LIGHT,
        Outcome.REJECT,
        [Code.SLICE_HARM_SHOWN],
    ),
    (
        "harm in a group within its margin",
        Pairs(both=3000, c=20),
        Pairs(both=980, b=20),
        BY_LIGHT,
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN, Code.SLICE_WORSE_WITHIN_MARGIN],
    ),
    (
        "the same where harm goes first",
        Pairs(both=3000, c=20),
        Pairs(both=980, b=20),
        replace(BY_LIGHT, harm_goes_first=True),
        Outcome.REJECT,
        [Code.SLICE_HARM_SHOWN],
    ),
]


@pytest.mark.parametrize(
    ("day", "night", "policy", "outcome", "codes"), [row[1:] for row in BY_SLICES], ids=[row[0] for row in BY_SLICES]
)
def test_groups_of_slices_are_judged_like_classes(
    day: Pairs, night: Pairs, policy: GatePolicy, outcome: Outcome, codes: list[Code]
) -> None:
    answers = answers_of({"day": day, "night": night})
    groups = [
        replace(group, rows=tuple(truth == label for truth in answers.truth))
        for group, label in ((IN_DAYLIGHT, "day"), (AT_NIGHT, "night"))
    ]
    verdict = decide(answers, policy, groups)
    assert (verdict.outcome, [reason.code for reason in verdict.reasons]) == (outcome, codes)
    assert [one.name for one in verdict.slices] == ["light day", "light night"]


def test_a_required_slice_without_any_group_withholds_the_promotion() -> None:
    verdict = decide(answers_of({"cat": MANY}), LIGHT_IS_REQUIRED)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert (
        verdict.headline == "too few rows to show a margin of 0.05, which takes at least 59: required slice light (0)"
    )


def test_classes_and_groups_are_one_family_of_holm() -> None:
    """p = 1/32 for the night: harm at alpha 0.07 where it is alone, none among it and two classes."""
    answers = answers_of({"day": MANY, "night": Pairs(both=995, b=5)})
    groups = [replace(AT_NIGHT, rows=tuple(truth == "night" for truth in answers.truth))]
    policy = replace(BY_LIGHT, alpha=0.07)
    for judged, codes in (
        (policy, [Code.NOT_WORSE_SHOWN, Code.WORSE_WITHIN_MARGIN, Code.SLICE_WORSE_WITHIN_MARGIN]),
        (replace(policy, classes_are_judged=True), [Code.NOT_WORSE_SHOWN, Code.WORSE_WITHIN_MARGIN]),
    ):
        assert [reason.code for reason in decide(answers, judged, groups).reasons] == codes


def test_groups_of_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        decide(answers_of({"cat": MANY}), BY_LIGHT, [replace(AT_NIGHT, rows=(True,))])


def test_groups_are_told_in_a_table_of_their_own() -> None:
    answers = answers_of({"day": MANY, "night": Pairs(both=58)})
    groups = [replace(AT_NIGHT, rows=tuple(truth == "night" for truth in answers.truth))]
    lines = describe_verdict(decide(answers, LIGHT_IS_REQUIRED, groups))
    assert lines[7:9] == (
        "slice         n  b  c  stable  canary  difference     Z  lower bound  margin  harm p",
        "light night  58  0  0   1.000   1.000      +0.000  1.75       -0.045  -0.050       1  too few rows (of 59)",
    )
