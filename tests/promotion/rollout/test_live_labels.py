"""Labels of live answers in a rollout: harm goes back, what is required and missing is no pass, no look is lost."""

from dataclasses import replace
from pathlib import Path

import pytest

from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy, LiveLabelPolicy
from promotion.recorded.findings import LabelState
from promotion.rollout.record import (
    Pause,
    RolloutPlan,
    RolloutState,
    StopCode,
    record_from_json,
    record_to_json,
)
from tests.promotion.rollout.recorded_traffic import look_anew, recorded
from tests.promotion.rollout.surroundings import Surroundings, assert_went_back

PLAN = RolloutPlan(steps=(50, 100), minimum_seconds=10, deadline_seconds=30)
POLICY = GatePolicy(live_labels=LiveLabelPolicy(minimum_rows=20))
REQUIRED = replace(POLICY, live_labels=LiveLabelPolicy(required=True, minimum_rows=20))


def test_a_good_canary_is_promoted_and_the_record_says_what_the_labels_showed(around: Surroundings) -> None:
    recorded(around, REQUIRED)
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED, record.because
    assert record.labels is not None
    assert record.labels.state is LabelState.OPEN
    assert record.labels.canary.labelled > 20
    assert record.labels.canary.wrong == record.labels.stable.wrong == 0
    assert record_from_json(record_to_json(record)) == record


def test_harm_that_labels_show_goes_back(around: Surroundings) -> None:
    traffic = recorded(around, POLICY)
    traffic.canary_says = lambda number: "wrong" if number % 2 else "right"
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.REJECT, "by true labels the canary is wrong in ")
    assert record.code is StopCode.LIVE_HARM_SHOWN
    assert around.router.shares == [0, 50, 0]
    assert record.labels is not None
    assert record.labels.state is LabelState.HARM
    assert record.labels.worse_at_least is not None
    assert record.labels.worse_at_least > POLICY.margin


def test_harm_that_labels_show_in_a_pause_goes_back(around: Surroundings) -> None:
    traffic = recorded(around, POLICY)
    traffic.canary_says = lambda _number: "wrong"
    traffic.is_labelled = lambda number, _role: number > 400
    record = around.run(replace(PLAN, minimum_seconds=1, pauses=(Pause(100, 600),)))
    assert_went_back(record, around, Outcome.REJECT, "by true labels")
    assert record.history[-3].state is RolloutState.PAUSING
    assert around.clock.seconds < 90


@pytest.mark.parametrize("why", ["none comes", "one revision's alone", "younger than the lag", "no records"])
def test_required_labels_that_do_not_come_are_no_pass(around: Surroundings, why: str) -> None:
    policy = REQUIRED
    if why == "younger than the lag":
        policy = replace(policy, live_labels=replace(policy.live_labels, lag_seconds=3600))
    traffic = recorded(around, policy)
    if why == "none comes":
        traffic.is_labelled = lambda _number, _role: False
    if why == "one revision's alone":
        traffic.is_labelled = lambda number, role: role == "canary" or number % 10 == 0
    if why == "no records":
        (traffic.records / "worker-0").rename(traffic.records / "elsewhere")
        traffic.record = lambda: None  # type: ignore[method-assign]
        around.faults.always.clear()
    record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "no labels of live answers that can be gone by in 30 s")
    assert record.code is StopCode.NO_LIVE_LABELS
    assert around.router.shares == [0, 50, 0]
    if why == "none comes":
        assert record.labels is not None
        assert record.labels.canary.unlabelled > 100


def test_labels_that_are_not_required_may_be_missing(around: Surroundings) -> None:
    recorded(around, POLICY).is_labelled = lambda _number, _role: False
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED, record.because
    assert record.labels is not None
    assert record.labels.state is LabelState.NO_DATA


def test_labels_of_the_canarys_mistakes_alone_reject_nothing(around: Surroundings) -> None:
    """Half of what it says is wrong, as of stable's; but only the canary's mistakes are labelled."""
    traffic = recorded(around, POLICY)
    traffic.canary_says = lambda number: "wrong" if number % 2 else "right"
    traffic.is_labelled = lambda number, role: number % 2 == 1 if role == "canary" else number % 5 == 0
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED, record.because
    assert record.labels is not None
    assert record.labels.state is LabelState.COVERAGE_DIFFERS


def test_what_labels_show_is_kept_while_a_step_goes_on(around: Surroundings, tmp_path: Path) -> None:
    traffic, seen = recorded(around, POLICY), []

    def look() -> None:
        traffic.record()
        kept = around.store.read_newest()
        if kept is not None and kept.labels is not None and kept.state is RolloutState.OBSERVING:
            seen.append(kept.labels.canary.labelled)

    around.faults.always["read_revisions"] = look
    around.run(PLAN)
    assert len(set(seen)) > 3
    assert seen == sorted(seen)


def test_another_process_finds_in_the_same_labels_what_the_one_before_did(around: Surroundings) -> None:
    """Looks are not counted, so that none is forgotten: whoever is started again goes on with the same evidence."""
    traffic = recorded(around, POLICY)
    traffic.canary_says = lambda number: "wrong" if number % 7 == 0 else "right"
    record = around.run(replace(PLAN, steps=(50, 100), minimum_seconds=2))
    assert record.state is RolloutState.PROMOTED, record.because
    assert record.labels is not None
    assert around.live is not None
    around.clock.sleep(5)
    before = around.live.look(record)
    look_anew(around, POLICY)
    assert around.live.newest(record) is None
    assert around.live.look(record) == before
