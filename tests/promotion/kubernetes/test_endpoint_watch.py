"""How soon a lost canary is noticed, with real pods."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from promotion.kubernetes.api_server import ApiServer
from promotion.kubernetes.endpoint_watch import EndpointWatch
from tests.promotion.kubernetes.place import Place, wait_until
from tests.promotion.kubernetes.relay import open_relay

pytestmark = pytest.mark.cluster


@contextmanager
def watching(place: Place, revision: str = "v2", api: ApiServer | None = None) -> Iterator[EndpointWatch]:
    watch = EndpointWatch(api or place.api, place.release, revision)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


@pytest.fixture
def with_canary(place: Place) -> Iterator[Place]:
    """The release, whose canary runs again after the test."""
    yield place
    place.scale("v2", 1)
    place.wait_until_ready("v2")


def test_a_canary_that_runs_is_not_lost_and_one_that_never_did_is(place: Place) -> None:
    with watching(place) as watch:
        assert not watch.is_lost()
    with watching(place, "v3") as watch:
        assert watch.is_lost()


def test_the_loss_of_the_last_ready_endpoint_is_noticed_at_once(with_canary: Place) -> None:
    with watching(with_canary) as watch:
        with_canary.scale("v2", 0)
        scaled = time.monotonic()
        watch.wait_for_loss(60)
        assert time.monotonic() - scaled < 30
        assert watch.is_lost()
        assert watch.losses == 1
        with_canary.scale("v2", 1)
        wait_until(lambda: not watch.is_lost(), lambda: "the canary is not back")


def test_a_loss_is_told_once(with_canary: Place) -> None:
    with watching(with_canary) as watch:
        with_canary.scale("v2", 0)
        wait_until(watch.is_lost, lambda: "the canary is not lost")
        started = time.monotonic()
        watch.wait_for_loss(60)
        assert time.monotonic() - started < 30
        watch.wait_for_loss(0.3)
        assert time.monotonic() - started > 0.3


def test_a_watch_that_broke_off_looks_again(with_canary: Place) -> None:
    with open_relay() as (relay, api), watching(with_canary, api=api) as watch:
        relay.block()
        with_canary.scale("v2", 0)
        wait_until(lambda: with_canary.count_ready("v2") == 0, lambda: "the canary is still there")
        assert not watch.is_lost()
        relay.unblock()
        watch.wait_for_loss(10)
        assert watch.is_lost()


def test_a_watch_ends_at_once(place: Place) -> None:
    with watching(place):
        time.sleep(0.2)  # into the watch
    assert "endpoint-watch" not in {thread.name for thread in threading.enumerate()}
