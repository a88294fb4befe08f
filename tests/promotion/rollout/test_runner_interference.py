"""The runner when somebody else sets the split, or other bundles run than those that were judged: always back."""

import pytest

from promotion.evidence.evidence_source import AnswerRefused
from promotion.gate.outcome import Outcome
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from tests.promotion.rollout.surroundings import OTHER_DIGEST, Surroundings, assert_went_back, failing_with

PLAN = RolloutPlan()
STEPS = list(PLAN.steps)
STEP_NUMBERS = list(range(1, len(STEPS) + 1))


def test_a_split_above_0_before_the_verdict_is_put_back(around: Surroundings) -> None:
    around.router.set_by_hand(10)
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.ERROR, "the canary takes 10 % without a verdict")


@pytest.mark.parametrize("step", STEP_NUMBERS)
def test_a_split_that_somebody_sets_before_a_write_is_a_conflict(around: Surroundings, step: int) -> None:
    around.faults.at("write_split", step, lambda: around.router.set_by_hand(3))
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "somebody has written 3 %")
    assert around.router.shares == [0, *STEPS[: step - 1], 3, 0]


@pytest.mark.parametrize("step", STEP_NUMBERS)
def test_a_split_that_somebody_sets_right_after_a_write_is_a_conflict(around: Surroundings, step: int) -> None:
    around.faults.at("wrote_split", step, lambda: around.router.set_by_hand(97))
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "somebody else set the split to 97 %")
    assert around.router.shares == [0, *STEPS[:step], 97, 0]


@pytest.mark.parametrize("percent", [0, 5, 100])
def test_a_split_that_somebody_sets_while_a_step_is_confirmed_goes_back(around: Surroundings, percent: int) -> None:
    around.faults.at("confirm_split", 1, lambda: around.router.set_by_hand(percent))
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, f"somebody else set the split to {percent} %")
    assert around.router.shares == [0, 5, percent, 0]


@pytest.mark.parametrize("percent", [0, 5, 100])
def test_a_split_that_somebody_sets_while_a_step_is_observed_goes_back(around: Surroundings, percent: int) -> None:
    around.faults.at("read_counts", 4, lambda: around.router.set_by_hand(percent))
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, f"somebody else set the split to {percent} %")
    assert around.router.shares == [0, 5, percent, 0]


def test_a_split_that_somebody_sets_and_takes_back_while_the_canary_is_judged_is_a_conflict(
    around: Surroundings,
) -> None:
    def set_and_take_back() -> None:
        around.router.set_by_hand(50)
        around.router.set_by_hand(0)

    around.faults.at("replay_holdout", 1, set_and_take_back)
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "somebody else set the split to 0 %")
    assert around.router.shares == [0, 50, 0, 0]


@pytest.mark.parametrize("role", ["stable", "canary"])
@pytest.mark.parametrize("moment", ["read_split", "confirm_split", "read_counts"])
@pytest.mark.parametrize("share", [0, *STEPS])
def test_another_bundle_gets_no_further_traffic(around: Surroundings, role: str, moment: str, share: int) -> None:
    raised_after: list[int] = []

    def swap_once() -> None:
        if around.router.shares[-1] == share and not raised_after:
            setattr(around.revisions, f"{role}_digest", OTHER_DIGEST)
            raised_after.append(len(around.router.shares))

    around.faults.always[moment] = swap_once
    record = around.run(PLAN)
    if not raised_after:  # at 0 % there is nothing to confirm or to count
        assert (share, record.state) == (0, RolloutState.PROMOTED)
        return
    assert_went_back(record, around, Outcome.ERROR, "")
    assert set(around.router.shares[raised_after[0] :]) <= {0}
    assert OTHER_DIGEST in record.because


@pytest.mark.parametrize("role", ["stable", "canary"])
@pytest.mark.parametrize("step", STEP_NUMBERS)
def test_another_bundle_is_noticed_before_the_write_and_not_after_it(
    around: Surroundings, role: str, step: int
) -> None:
    def swap_before_write(record: RolloutRecord) -> None:
        if (record.state, record.step) == (RolloutState.WRITING, step - 1):
            setattr(around.revisions, f"{role}_digest", OTHER_DIGEST)

    around.report = swap_before_write
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.ERROR, f"runs {OTHER_DIGEST}, but")
    assert around.router.shares == [0, *STEPS[: step - 1], 0]


def test_evidence_on_other_bundles_is_no_verdict_on_these(around: Surroundings) -> None:
    def swap() -> None:
        around.revisions.canary_digest = OTHER_DIGEST

    around.faults.at("replay_holdout", 1, swap)
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.ERROR, f"{OTHER_DIGEST} were judged, not those of this rollout")
    assert record.verdict is None
    assert set(around.router.shares) == {0}


def test_an_answer_that_is_refused_is_not_asked_for_again(around: Surroundings) -> None:
    around.faults.at("replay_holdout", 1, failing_with(AnswerRefused("canary: 64 features")))
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.ERROR, "canary: 64 features")
    assert around.faults.calls["replay_holdout"] == 1
