"""A canary that goes away in the middle of a step: how soon everything is back on stable, and what the clients see."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from dataset import write_csv_table
from promotion.gate.outcome import Outcome
from promotion.rollout.record import RolloutState
from tests.promotion.evidence.columns import make_holdout
from tests.promotion.kubernetes.place import Place, wait_until
from tests.promotion.kubernetes.promoting import HOLDING, Promoting
from tests.promotion.routers.client_load import ClientLoad

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

LOSSES = ("scaled to zero", "evicted")


@pytest.fixture
def promoting(place: Place, tmp_path: Path) -> Iterator[Promoting]:
    """The canary runs again after the test."""
    holdout = tmp_path / "holdout.csv"
    write_csv_table(make_holdout(), holdout)
    yield Promoting(place, holdout)
    place.scale("v2", 1)
    place.wait_until_ready("v2")


def wait_until_back(place: Place, load: ClientLoad) -> None:
    wait_until(lambda: place.router.read_split().canary_percent == 0, lambda: "the split is not restored")
    wait_until(lambda: load.wait_for_more(500).keys() == {"v1"}, lambda: "the canary still answers")


def assert_restored(promoting: Promoting) -> None:
    record = promoting.read_record()
    assert record is not None
    assert (record.state, record.outcome) == (RolloutState.RESTORED, Outcome.ERROR)
    assert "last ready endpoint is gone" in record.because


@pytest.mark.parametrize("lose", [lambda place: place.scale("v2", 0), lambda place: place.evict("v2")], ids=LOSSES)
def test_a_canary_that_ends_is_left_before_its_drain_does(promoting: Promoting, lose: Callable[[Place], None]) -> None:
    place = promoting.place
    with place.load(connections=4) as load, promoting.begun(*HOLDING, "--steps", "50,100") as process:
        promoting.wait_until_observing(50, process)
        lose(place)
        wait_until_back(place, load)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 12, stderr
    assert_restored(promoting)
    assert load.failures == []  # so it was left before its drain ended


def test_a_canary_that_is_killed_outright_is_left_at_once(
    promoting: Promoting, record_property: Callable[[str, object], None]
) -> None:
    place = promoting.place
    with place.load(connections=4) as load, promoting.begun(*HOLDING, "--steps", "50,100") as process:
        promoting.wait_until_observing(50, process)
        killed = time.monotonic()
        httpx.post(f"{place.url_of('v2')}/die", trust_env=False)
        wait_until(lambda: place.router.read_split().canary_percent == 0, lambda: "the split is not restored")
        seconds = time.monotonic() - killed
        wait_until_back(place, load)
        failures = len(load.failures)
        record_property("failed requests", failures)
        record_property("seconds until the split was restored", round(seconds, 1))
        print(f"{failures} requests failed; restored after {seconds:.1f} s; {sorted(set(load.failures))[:3]}")
        load.wait_for_more(500)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 12, stderr
    assert_restored(promoting)
    assert len(load.failures) == failures


def test_a_canary_that_was_killed_and_is_back_before_anybody_looked_is_left_too(promoting: Promoting) -> None:
    place = promoting.place
    with promoting.begun(*HOLDING, "--steps", "50,100") as process:
        promoting.wait_until_observing(50, process)
        process.send_signal(signal.SIGSTOP)
        httpx.post(f"{place.url_of('v2')}/die", trust_env=False)
        wait_until(lambda: place.count_ready("v2") == 0, lambda: "the canary is not lost", 60)
        wait_until(lambda: place.count_ready("v2") == 1, lambda: "the canary is not back", 60)
        process.send_signal(signal.SIGCONT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 12, stderr
    assert_restored(promoting)
