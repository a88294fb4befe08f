"""What holds of every verdict, whatever the evidence and the policy."""

import random
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from promotion.gate.evidence import PairedAnswers
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import ReasonCode
from promotion.gate.verdict import decide
from promotion.statistics.row_floor import row_floor
from promotion.statistics.tango import tango_z
from tests.promotion.gate.paired_answers import Pairs, answers_of, from_rows

CLASSES = ("cat", "dog", "eel")
few = st.integers(0, 12)
pairs = st.builds(Pairs, both=st.integers(0, 300), b=few, c=few, neither=few)
all_answers = st.fixed_dictionaries(dict.fromkeys(CLASSES, pairs)).map(answers_of)
policies = st.builds(
    GatePolicy,
    margin=st.sampled_from([0.01, 0.02, 0.05]),
    class_margin=st.sampled_from([0.02, 0.05, 0.2]),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
    minimum_accuracy=st.sampled_from([None, 0.5, 0.9]),
    required_classes=st.sampled_from([(), ("cat",), ("cat", "fox")]),
    classes_are_judged=st.booleans(),
)
# Policies under which most canaries of `all_answers` are promoted, for what is said of promotions.
mild_policies = st.builds(
    GatePolicy,
    margin=st.just(0.1),
    class_margin=st.just(0.2),
    minimum_accuracy=st.sampled_from([None, 0.5]),
    required_classes=st.sampled_from([(), ("cat",)]),
)


def rows_of(answers: PairedAnswers) -> list[tuple[str, str, str]]:
    return list(zip(answers.truth, answers.stable_labels, answers.canary_labels, strict=True))


@given(all_answers, policies)
def test_a_verdict_is_one_outcome_with_its_reasons(answers: PairedAnswers, policy: GatePolicy) -> None:
    verdict = decide(answers, policy)
    assert verdict.outcome in {Outcome.PROMOTE, Outcome.REJECT, Outcome.INCONCLUSIVE}
    assert verdict.reasons
    assert all(reason.text for reason in verdict.reasons)
    codes = [reason.code for reason in verdict.reasons]
    assert (verdict.outcome is Outcome.PROMOTE) == (codes[0] is ReasonCode.NOT_WORSE_SHOWN)
    assert verdict.outcome is Outcome.INCONCLUSIVE or verdict.rows_needed is None


@given(all_answers, policies)
def test_nothing_below_the_row_floor_is_promoted(answers: PairedAnswers, policy: GatePolicy) -> None:
    floor = row_floor(policy.margin, policy.alpha)
    few_answers = from_rows(rows_of(answers)[: floor - 1], answers.classes)
    assert decide(few_answers, policy).outcome is not Outcome.PROMOTE


@given(all_answers, st.one_of(policies, mild_policies))
def test_only_what_is_shown_is_promoted(answers: PairedAnswers, policy: GatePolicy) -> None:
    verdict = decide(answers, policy)
    if verdict.outcome is Outcome.PROMOTE:
        overall = verdict.overall
        assert overall is not None
        assert tango_z(overall.b, overall.c, overall.n, policy.margin) >= overall.critical_z
        for one in verdict.classes:
            is_assessable = one.n >= row_floor(policy.class_margin, policy.alpha)
            assert tango_z(one.b, one.c, one.n, policy.class_margin) >= one.critical_z or not is_assessable
            assert is_assessable or one.name not in policy.required_classes
            assert is_assessable or not one.is_harmed


@given(all_answers, mild_policies, st.data())
def test_a_right_answer_more_never_costs_a_promotion(
    answers: PairedAnswers, policy: GatePolicy, data: st.DataObject
) -> None:
    assume(decide(answers, policy).outcome is Outcome.PROMOTE)
    rows = rows_of(answers)
    wrong = [index for index, (truth, _, canary) in enumerate(rows) if canary != truth]
    assume(wrong)
    index = data.draw(st.sampled_from(wrong))
    truth, stable, _ = rows[index]
    rows[index] = (truth, stable, truth)
    assert decide(from_rows(rows, answers.classes), policy).outcome is Outcome.PROMOTE


@given(all_answers, policies, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(answers: PairedAnswers, policy: GatePolicy, order: random.Random) -> None:
    rows = rows_of(answers)
    order.shuffle(rows)
    assert decide(from_rows(rows, answers.classes), policy) == decide(answers, policy)


@given(all_answers, st.one_of(policies, mild_policies))
@settings(max_examples=50)
def test_a_policy_that_asks_for_more_promotes_no_more(answers: PairedAnswers, policy: GatePolicy) -> None:
    if decide(answers, policy).outcome is not Outcome.PROMOTE:
        required = (*policy.required_classes, *CLASSES)
        demanding = replace(policy, margin=policy.margin / 2, alpha=policy.alpha / 2, required_classes=required)
        assert decide(answers, demanding).outcome is not Outcome.PROMOTE
