"""A rollout with no more permission than the chart's Role gives its account."""

import shutil
from collections.abc import Iterator

import pytest

from promotion.kubernetes.api_server import ApiServer
from promotion.kubernetes.endpoint_watch import EndpointWatch
from promotion.kubernetes.errors import ApiRefused
from promotion.kubernetes.promotion_job import PromotionJob
from promotion.kubernetes.rollout_events import RolloutEvents
from promotion.kubernetes.rollout_store import ClusterRolloutStore
from promotion.rollout.record import RolloutPlan
from promotion.rollout.transitions import advance
from tests.helm.rendering import render
from tests.promotion.kubernetes.place import Place, apply, kubectl
from tests.promotion.rollout.events import AT, begun, success_of

pytestmark = pytest.mark.cluster

ACCESS = ("ServiceAccount", "Role", "RoleBinding")


@pytest.fixture
def account(place: Place) -> Iterator[ApiServer]:
    """The API server as the promotion's account sees it."""
    if shutil.which("helm") is None:
        pytest.skip("helm is not on the PATH")
    rendered = render(release=place.release.name, namespace=place.release.namespace)
    name = f"{place.release.name}-promotion"
    apply([rendered.one(kind, name) for kind in ACCESS])
    yield place.api_as(name)
    kubectl("-n", place.release.namespace, "delete", "rolebinding", name)


def test_these_permissions_are_enough(place: Place, account: ApiServer) -> None:
    record = begun(RolloutPlan())
    router, store = place.router_with(api=account), ClusterRolloutStore(account, place.release)
    watch = EndpointWatch(account, place.release, "v2")
    watch.start()
    with store.claim():
        store.save(record)
        router.prepare()
        router.confirm_split(router.write_split(50, router.read_split()), 10)
        assert not watch.is_lost()
        router.restore_stable()
        router.remove_route()
    watch.stop()
    assert store.read_newest() == record
    assert place.read_route() is None
    assert PromotionJob(account, place.release, "gone").find_end() == "the Job gone has ended: it is deleted"
    RolloutEvents(account, place.release).tell(advance(record, success_of(record), AT))
    assert "VerdictPromote" in kubectl("-n", place.release.namespace, "get", "events")


def test_no_other_route_can_be_written(place: Place, account: ApiServer) -> None:
    with pytest.raises(ApiRefused, match=r"403 .* cannot patch resource"):
        account.merge(place.release.route, {"metadata": {"labels": {"seen": "yes"}}})
