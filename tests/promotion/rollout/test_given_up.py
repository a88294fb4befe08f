"""A rollout that nobody will go on with: wherever it was interrupted, everything goes back to stable."""

import pytest

from promotion.gate.outcome import Outcome
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from tests.promotion.rollout.surroundings import Surroundings, assert_went_back

BECAUSE = "the Job has ended"


class Interrupted(BaseException):
    """As a signal's handler raises it, in the middle of anything."""


@pytest.mark.parametrize(
    ("call", "number", "shares"),
    [
        ("read_revisions", 1, [0, 0]),
        ("replay_holdout", 1, [0, 0]),
        ("write_split", 1, [0, 0]),
        ("wrote_split", 1, [0, 5, 0]),
        ("confirm_split", 1, [0, 5, 0]),
        ("read_counts", 1, [0, 5, 0]),
        ("read_counts", 3, [0, 5, 0]),
        ("wrote_split", 4, [0, 5, 25, 50, 100, 0]),
    ],
)
def test_it_goes_back_from_wherever_it_was(around: Surroundings, call: str, number: int, shares: list[int]) -> None:
    unfinished = _interrupt(around, call, number)
    reported: list[RolloutRecord] = []
    around.report = reported.append
    assert_went_back(around.give_up(unfinished, BECAUSE), around, Outcome.INCONCLUSIVE, BECAUSE)
    assert around.router.shares == shares
    assert [each.history[-1].text for each in reported] == [BECAUSE, "everything goes to stable"]


def test_one_that_goes_back_already_keeps_its_reason(store: FileRolloutStore) -> None:
    around = Surroundings(store, canary_column="v3")
    unfinished = _interrupt(around, "restore_stable", 1)
    assert unfinished.state is RolloutState.RESTORING
    assert_went_back(around.give_up(unfinished, BECAUSE), around, Outcome.REJECT, "the canary is worse")


def _interrupt(around: Surroundings, call: str, number: int) -> RolloutRecord:
    def interrupt() -> None:
        raise Interrupted

    around.faults.at(call, number, interrupt)
    with pytest.raises(Interrupted):
        around.run(RolloutPlan())
    record = around.store.read_newest()
    assert record is not None
    return record
