"""What every RolloutStore that keeps something promises; each implementation is a parameter."""

from collections.abc import Callable, Iterator
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
from tests.promotion.kubernetes.place import StatePlace, run_state
from tests.promotion.rollout.events import AT, begun, success_of

OpenStore = Callable[[], RolloutStore]
RECORD = begun(RolloutPlan())


@pytest.fixture(scope="module")
def cluster() -> Iterator[StatePlace]:
    with run_state() as place:
        yield place


@pytest.fixture(params=["file", pytest.param("cluster", marks=pytest.mark.cluster)])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens the same store again and again, as another process would; at first it is new."""
    if request.param == "file":
        return lambda: FileRolloutStore(tmp_path / "made" / "when missing")
    place: StatePlace = request.getfixturevalue("cluster")
    place.reset()
    return place.open_store


def test_a_new_store_has_no_record(open_store: OpenStore) -> None:
    with open_store().claim():
        assert open_store().read_newest() is None


def test_a_record_is_read_back_whole_in_every_state(open_store: OpenStore) -> None:
    record, store = RECORD, open_store()
    with store.claim():
        while not record.is_finished:
            store.save(record)
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
    store = open_store()
    with store.claim():
        store.save(full)
    assert open_store().read_newest() == full


def test_a_saved_record_replaces_what_is_kept_of_the_same_rollout(open_store: OpenStore) -> None:
    store = open_store()
    with store.claim():
        for text in ("first", "second", "second"):
            store.save(replace(RECORD, because=text))
    assert open_store().read_newest() == replace(RECORD, because="second")


def test_the_newest_is_the_one_with_the_highest_number(open_store: OpenStore) -> None:
    store = open_store()
    with store.claim():
        for number in (9, 10_000, 10, 9_999, 99, 100):
            store.save(replace(RECORD, rollout_id=number))
    newest = open_store().read_newest()
    assert newest is not None
    assert newest.rollout_id == 10_000


def test_the_rollouts_that_are_kept_are_read_oldest_first(open_store: OpenStore) -> None:
    store = open_store()
    assert list(store.read_kept()) == []
    with store.claim():
        for number in (9, 10, 11):
            store.save(replace(RECORD, rollout_id=number))
            store.save(replace(RECORD, rollout_id=number, because="later"))
    kept = open_store().read_kept()
    assert [(record.rollout_id, record.because) for record in kept] == [(9, "later"), (10, "later"), (11, "later")]


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
