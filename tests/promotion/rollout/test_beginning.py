"""How a rollout begins or goes on: decided from values alone."""

from dataclasses import replace

import pytest

from promotion.gate.outcome import Outcome
from promotion.rollout.beginning import begin, resume
from promotion.rollout.record import FINISHED_STATES, RolloutPlan, RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutNotUsable
from promotion.routers.traffic_router import Split
from tests.promotion.rollout.events import begun

AT_ZERO = Split(0, "zero")
AT_ALL = Split(100, "ours")
WANTED = begun(RolloutPlan())
PROMOTED = replace(WANTED, rollout_id=7, state=RolloutState.PROMOTED, outcome=Outcome.PROMOTE, split=AT_ALL)


def test_the_first_rollout_is_number_one() -> None:
    assert begin(WANTED, None, AT_ZERO) == WANTED


@pytest.mark.parametrize("state", sorted(FINISHED_STATES))
def test_the_next_rollout_is_numbered_after_the_newest(state: RolloutState) -> None:
    assert begin(WANTED, replace(PROMOTED, state=state), AT_ZERO) == replace(WANTED, rollout_id=8)


@pytest.mark.parametrize("newest", [None, PROMOTED])
@pytest.mark.parametrize("split", [Split(5, "theirs"), Split(100, "theirs")])
def test_a_rollout_begins_at_0_percent_only(newest: RolloutRecord | None, split: Split) -> None:
    with pytest.raises(RolloutNotUsable, match=f"takes {split.canary_percent} % already.*assay split adopt"):
        begin(WANTED, newest, split)


def test_who_starts_again_after_the_promotion_is_told_of_it() -> None:
    assert begin(WANTED, PROMOTED, AT_ALL) == PROMOTED
    assert begin(replace(WANTED, plan=RolloutPlan(steps=(100,))), PROMOTED, AT_ALL) == PROMOTED


@pytest.mark.parametrize("what", ["stable_digest", "canary_digest", "holdout_digest", "policy_digest"])
def test_another_promotion_is_not_taken_for_the_one_that_was(what: str) -> None:
    with pytest.raises(RolloutNotUsable, match="takes 100 % already"):
        begin(replace(WANTED, **{what: "another"}), PROMOTED, AT_ALL)  # type: ignore[arg-type]  # all of them are texts


def test_a_restored_rollout_that_stands_at_100_percent_is_not_taken_for_a_promotion() -> None:
    with pytest.raises(RolloutNotUsable):
        begin(WANTED, replace(PROMOTED, state=RolloutState.RESTORED, outcome=Outcome.ERROR), AT_ALL)


def test_an_unfinished_rollout_goes_on_as_it_is() -> None:
    unfinished = replace(WANTED, rollout_id=3, step=1, state=RolloutState.OBSERVING, split=Split(25, "ours"))
    assert resume(unfinished, "h", "p") is unfinished


@pytest.mark.parametrize(
    ("holdout", "policy", "message"),
    [
        ("other", "p", r"rollout 1 is unfinished \(judging\) and has the holdout h, not other; run it to its end"),
        ("h", "other", "has the gate configuration p, not other"),
    ],
)
def test_an_unfinished_rollout_does_not_go_on_by_other_rules(holdout: str, policy: str, message: str) -> None:
    with pytest.raises(RolloutNotUsable, match=message):
        resume(WANTED, holdout, policy)
