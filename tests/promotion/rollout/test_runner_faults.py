"""The runner when something does not answer: tried again with doubling pauses, within a bound, then back."""

import pytest

from promotion.evidence.evidence_source import PredictorUnreachable
from promotion.gate.outcome import Outcome
from promotion.rollout.record import RolloutPlan, RolloutState
from promotion.rollout.rollout_store import RolloutInterrupted
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import RouterUnreachable, SplitNotConfirmed
from tests.promotion.rollout.surroundings import Surroundings, assert_went_back, failing_with

PLAN = RolloutPlan(attempts=4, pause_seconds=16)  # pauses that no step has
STEPS = list(PLAN.steps)
CALLS = {
    "read_revisions": PredictorUnreachable("canary http://127.0.0.1:2: no answer"),
    "replay_holdout": PredictorUnreachable("canary http://127.0.0.1:2: no answer to holdout rows 1 to 32"),
    "read_split": RouterUnreachable("no gateway answers"),
    "write_split": RouterUnreachable("no gateway answers"),
    "wrote_split": RouterUnreachable("the answer to a write was lost"),
    "confirm_split": SplitNotConfirmed("5 % is not in force after 10 s"),
    "read_counts": RouterUnreachable("no gateway answers"),
}


def pauses(around: Surroundings) -> list[float]:
    return [slept for slept in around.clock.sleeps if slept > PLAN.settle_seconds]


class RevisionsCount:
    """What the revisions say of themselves, one reading after the other; None: one of them gives no answer."""

    def __init__(self, *readings: RequestCounts | None) -> None:
        self._readings = iter(readings)

    def read_counts(self) -> RequestCounts:
        if (reading := next(self._readings)) is None:
            raise PredictorUnreachable("canary http://127.0.0.1:2: no metrics")
        return reading


@pytest.mark.parametrize(
    ("readings", "kept"),
    [
        ((RequestCounts(10, 20, 1), RequestCounts(15, 28, 3)), RequestCounts(5, 8, 2)),
        ((None, RequestCounts(15, 28, 3)), None),
        ((RequestCounts(10, 20, 1), None), None),
        ((RequestCounts(10, 20, 1), RequestCounts(11, 2, 0)), None),
    ],
    ids=["both", "not before", "not after", "a process started anew"],
)
def test_what_the_revisions_count_is_kept_where_it_is_known_and_decides_nothing(
    around: Surroundings, readings: tuple[RequestCounts | None, ...], kept: RequestCounts | None
) -> None:
    around.answered = RevisionsCount(*readings)
    record = around.run(RolloutPlan(steps=(100,)))
    assert record.state is RolloutState.PROMOTED
    assert [seen.answered for seen in record.observations] == [kept]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_fails_for_the_moment_is_tried_again(around: Surroundings, call: str, number: int) -> None:
    around.faults.at(call, number, failing_with(CALLS[call]))
    record = around.run(PLAN)
    if call == "replay_holdout" and number > 1:
        assert pauses(around) == []  # it is replayed once
    else:
        assert pauses(around) == [16]
        assert any(event.text == f"attempt 1 failed: {CALLS[call]}" for event in record.history)
    assert record.state is RolloutState.PROMOTED
    assert around.router.shares == [0, *STEPS]


def test_a_write_whose_answer_is_lost_each_time_is_found_and_not_repeated(around: Surroundings) -> None:
    around.faults.always["wrote_split"] = failing_with(CALLS["wrote_split"])
    assert around.run(PLAN).state is RolloutState.PROMOTED
    assert around.router.shares == [0, *STEPS]


@pytest.mark.parametrize("call", [call for call in CALLS if call != "wrote_split"])
def test_pauses_double_and_after_the_last_attempt_it_goes_back_at_once(around: Surroundings, call: str) -> None:
    around.faults.always[call] = failing_with(CALLS[call])
    record = around.run(PLAN)
    assert (record.state, record.outcome) == (RolloutState.RESTORED, Outcome.ERROR)
    assert record.because == f"{CALLS[call]} (4 attempts)"
    assert pauses(around) == [16, 32, 64]
    assert around.router.shares[-1] == 0
    assert set(around.router.shares) <= {0, 5}
    assert around.faults.calls["restore_stable"] == 1


@pytest.mark.parametrize("share", STEPS)
def test_a_canary_that_dies_in_a_step_is_left_for_stable(around: Surroundings, share: int) -> None:
    def die() -> None:
        if around.router.shares[-1] == share:
            raise CALLS["read_revisions"]

    around.faults.always["read_revisions"] = die
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.ERROR, "canary http://127.0.0.1:2: no answer (4 attempts)")
    assert around.router.shares == [0, *STEPS[: STEPS.index(share) + 1], 0]


def test_a_restore_that_fails_for_the_moment_is_tried_again(around: Surroundings) -> None:
    around.clients.per_second = 0
    around.faults.at("restore_stable", 1, failing_with(RouterUnreachable("no gateway answers")))
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "only 0 requests")
    assert pauses(around) == [16]


@pytest.mark.parametrize("error", [RouterUnreachable("no gateway answers"), SplitNotConfirmed("0 % is not in force")])
def test_a_restore_that_goes_on_failing_is_left_to_be_resumed(around: Surroundings, error: Exception) -> None:
    around.clients.per_second = 0
    around.faults.always["restore_stable"] = failing_with(error)
    with pytest.raises(RolloutInterrupted, match=f"stable is not restored: {error}; run the same command again"):
        around.run(PLAN)
    assert pauses(around) == [16, 32, 64]
    saved = around.store.read_newest()
    assert saved is not None
    assert (saved.state, saved.outcome) == (RolloutState.RESTORING, Outcome.INCONCLUSIVE)

    with pytest.raises(RolloutInterrupted):  # still
        around.resume(saved)

    del around.faults.always["restore_stable"]
    saved = around.store.read_newest()
    assert saved is not None
    assert_went_back(around.resume(saved), around, Outcome.INCONCLUSIVE, "only 0 requests")
    assert around.router.shares == [0, 5, 0]


def test_a_canary_that_fails_live_requests_goes_back_whatever_it_answered_to_the_holdout(around: Surroundings) -> None:
    around.clients.canary_fails_percent = 100
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.REJECT, "requests failed at 5 %; at most 1 % may")
    assert around.router.shares == [0, 5, 0]


def test_a_failure_now_and_then_does_not_end_a_rollout(around: Surroundings) -> None:
    around.faults.at("read_counts", 3, lambda: around.clients.count(failed=1))
    assert around.run(PLAN).state is RolloutState.PROMOTED
