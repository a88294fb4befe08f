"""Experiments begin one by one, end each in its way, and never share an id."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.tracking_stores import copy_of
from training.errors import ExperimentEnded, TrackingNotUsable
from training.tracking.experiment import ExperimentState
from training.tracking.opening import open_tracking
from training.tracking.store import TrackingStore


def test_ids_count_up_over_all_models(store: TrackingStore) -> None:
    begun = [store.begin("a", "one"), store.begin("b", "two"), store.begin("a", "one")]
    assert [run.experiment_id for run in begun] == [1, 2, 3]
    assert [(one.experiment_id, one.state) for one in store.list("one")] == [(3, "running"), (1, "running")]
    assert store.go_on(2).run == begun[1].run


def test_those_that_begin_at_once_get_different_ids(empty_tracking_database: Path, tmp_path: Path) -> None:
    url = copy_of(empty_tracking_database, tmp_path)
    all_ready = Barrier(3)

    def begin_some(_beginner: int) -> list[int]:
        own = open_tracking(url)
        all_ready.wait()
        return [own.begin("race", "one").experiment_id for _ in range(4)]

    with ThreadPoolExecutor(3) as beginners:
        ids = [one for begun in beginners.map(begin_some, range(3)) for one in begun]
    assert len(set(ids)) == 12
    assert sorted(one.experiment_id for one in open_tracking(url).list()) == sorted(ids)


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ValueError("no rows"), ExperimentState.FAILED, "no rows"),
        (KeyboardInterrupt(), ExperimentState.CANCELLED, None),
        (SystemExit(143), ExperimentState.CANCELLED, None),
    ],
    ids=["an error", "Ctrl-C", "SIGTERM"],
)
def test_what_ends_a_training_early_is_the_experiments_end(
    store: TrackingStore, error: BaseException, state: ExperimentState, reason: str | None
) -> None:
    run = store.begin("a", "one")
    with pytest.raises(type(error)), run.ending():
        raise error
    ended = store.read(run.experiment_id)
    assert (ended.state, ended.error, ended.bundle_digest) == (state, reason, None)
    with pytest.raises(ExperimentEnded, match=f"experiment 1 is {state}; begin another one"):
        store.go_on(1)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://host/database", "postgresql: no such tracking store; expected sqlite:///FILE or an MLflow"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9: API request to http://127.0.0.1:9"),
        ("sqlite:////dev/null/tracking.db", "/dev/null: cannot be made: "),
    ],
)
def test_a_store_that_cannot_be_had_is_one_line(url: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingNotUsable) as refused:
        open_tracking(url)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)
