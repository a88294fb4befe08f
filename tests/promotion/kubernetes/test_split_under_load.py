"""Clients that never pause, while the split goes up and down: every request is answered, and by who should."""

import pytest

from promotion.routers.request_counts import RequestCounts
from tests.promotion.kubernetes.place import Place, patch, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

STABLES_NAME = "/spec/rules/0/backendRefs/0/name"


def test_no_request_fails_whatever_the_split_becomes(place: Place) -> None:
    with place.load() as load:
        for _ in range(3):
            place.router.prepare()
            for percent in (10, 50, 100, 50, 1):
                place.split(percent)
            place.router.restore_stable()
            place.split(100)
            place.router.restore_stable()
            place.router.remove_route()
            load.wait_for_more(100)
    assert load.failures == []
    assert load.base_answered.keys() == {"v1"}


def test_no_request_fails_when_a_promoted_canary_becomes_stable(place: Place) -> None:
    with place.load() as load:
        place.split(100)
        patch(place.release.namespace, "httproute/shop", STABLES_NAME, "shop-v2")
        try:
            place.router.restore_stable()
            place.router.remove_route()
            assert load.wait_for_more(500).keys() == {"v2"}
        finally:
            patch(place.release.namespace, "httproute/shop", STABLES_NAME, "shop-v1")
        wait_until(lambda: load.wait_for_more(20).keys() == {"v1"}, lambda: "stable is not v1 again")
    assert load.failures == []


def test_once_a_split_is_confirmed_no_request_goes_by_the_one_before(place: Place) -> None:
    with place.load() as load:
        for percent, answering in ((100, "v2"), (0, "v1")) * 5:
            place.split(percent)
            load.wait_for_more(200)  # what was sent before is answered
            assert load.wait_for_more(300).keys() == {answering}


def test_the_share_that_is_counted_is_the_one_that_was_asked_for(place: Place) -> None:
    with place.load() as load:
        place.split(10)
        load.wait_for_more(16)
        before = place.counter.read_counts()
        load.wait_for_more(5000)
        counts = place.counter.read_counts().since(before)
    requests = counts.stable + counts.canary
    deviation = (0.1 * 0.9 / requests) ** 0.5
    assert abs(counts.canary / requests - 0.1) < 4.5 * deviation, counts
    assert counts == RequestCounts(counts.stable, counts.canary, failed=0)
