"""What every RolloutStore that keeps something promises; each implementation is a parameter."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from promotion.gate.outcome import Outcome
from promotion.rollout.discard_store import DiscardRolloutStore
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutState, StepObservation
from promotion.rollout.rollout_store import RolloutStore, RolloutUnderWay
from promotion.rollout.transitions import advance
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split
from tests.promotion.rollout.events import AT, begun, success_of

OpenStore = Callable[[], RolloutStore]
RECORD = begun(RolloutPlan())


@pytest.fixture(params=["file"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens the same store again and again, as another process would."""
    return {"file": lambda: FileRolloutStore(tmp_path / "made" / "when missing")}[request.param]


def test_a_new_store_has_no_record(open_store: OpenStore) -> None:
    with open_store().claim():
        assert open_store().read_newest() is None


def test_a_record_is_read_back_whole_in_every_state(open_store: OpenStore) -> None:
    record = RECORD
    with open_store().claim():
        while not record.is_finished:
            open_store().save(record)
            assert open_store().read_newest() == record
            record = advance(record, success_of(record), AT)


def test_every_field_survives(open_store: OpenStore) -> None:
    full = replace(
        RECORD,
        state=RolloutState.RESTORING,
        step=2,
        split=Split(50, "token"),
        counts_before=RequestCounts(1, 2, 3),
        failed_attempts=2,
        verdict=Outcome.PROMOTE,
        outcome=Outcome.ERROR,
        because="“50 %” was not what was asked for\n",
        observations=(StepObservation(5, RequestCounts(95, 5, 0), 0.1, seconds=0.1 + 0.2),),
    )
    with open_store().claim():
        open_store().save(full)
    assert open_store().read_newest() == full


def test_a_saved_record_replaces_what_is_kept_of_the_same_rollout(open_store: OpenStore) -> None:
    with open_store().claim():
        for text in ("first", "second", "second"):
            open_store().save(replace(RECORD, because=text))
    assert open_store().read_newest() == replace(RECORD, because="second")


def test_the_newest_is_the_one_with_the_highest_number(open_store: OpenStore) -> None:
    with open_store().claim():
        for number in (9, 10_000, 10, 9_999, 99, 100):
            open_store().save(replace(RECORD, rollout_id=number))
    newest = open_store().read_newest()
    assert newest is not None
    assert newest.rollout_id == 10_000


def test_only_one_at_a_time_runs_a_rollout(open_store: OpenStore) -> None:
    with open_store().claim():
        with pytest.raises(RolloutUnderWay, match="a rollout is under way"), open_store().claim():
            pass
        assert open_store().read_newest() is None  # looking is allowed
    with open_store().claim():
        pass


def test_a_claim_ends_with_whatever_ends_its_context(open_store: OpenStore) -> None:
    for error in (ValueError("any"), KeyboardInterrupt()):
        with pytest.raises(type(error)), open_store().claim():
            raise error
    with open_store().claim():
        pass


def test_the_store_of_a_dry_run_keeps_nothing() -> None:
    store: RolloutStore = DiscardRolloutStore()
    with store.claim(), store.claim():
        store.save(RECORD)
        assert store.read_newest() is None
