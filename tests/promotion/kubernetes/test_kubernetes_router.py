"""The split of a real release behind a real Envoy Gateway; what every router promises is in tests/contract."""

from collections.abc import Mapping
from typing import Any

import pytest

from promotion.kubernetes.api_server import ApiServer
from promotion.kubernetes.errors import RevisionNotAvailable, RouteNotUsable
from promotion.kubernetes.split_route import NO_ROUTE
from promotion.routers.traffic_router import RouterUnreachable, SplitConflict, SplitNotConfirmed
from tests.promotion.kubernetes.manifests import release_objects
from tests.promotion.kubernetes.place import Place, api_server_at, apply, kubectl, patch
from tests.promotion.routers.machine import find_free_port

pytestmark = pytest.mark.cluster

REQUESTS = 100
CANARYS_WEIGHT = "/spec/rules/0/backendRefs/1/weight"


def read_weights(place: Place) -> list[tuple[str, int]]:
    """Of the rule that clients reach from 1 to 99 %."""
    route = place.read_route()
    assert route is not None
    return [(each["name"], each["weight"]) for each in route["spec"]["rules"][0]["backendRefs"]]


def test_without_a_route_everything_goes_to_stable_and_that_can_be_confirmed(place: Place) -> None:
    assert place.router.read_split() == NO_ROUTE
    place.router.confirm_split(NO_ROUTE, timeout_seconds=10)
    place.router.restore_stable()
    assert place.read_route() is None


@pytest.mark.parametrize(("percent", "answering"), [(100, "v2"), (0, "v1")])
def test_once_confirmed_every_request_goes_by_the_split(place: Place, percent: int, answering: str) -> None:
    place.split(100 - percent)
    place.split(percent)
    assert place.who_answers(REQUESTS) == {answering}


def test_once_restored_every_request_goes_to_stable(place: Place) -> None:
    place.split(100)
    place.router.restore_stable()
    assert place.who_answers(REQUESTS) == {"v1"}


def test_the_route_is_the_rollouts_alone_and_goes_with_the_release(place: Place) -> None:
    place.split(5)
    route, record = place.read_route(), place.api.read(place.release.record)
    assert route is not None
    assert record is not None
    managers = [each["manager"] for each in route["metadata"]["managedFields"] if "f:rules" in str(each["fieldsV1"])]
    assert managers == ["assay-rollout"]
    assert route["metadata"]["ownerReferences"][0]["uid"] == record["metadata"]["uid"]
    assert read_weights(place) == [("shop-v1", 95), ("shop-v2", 5)]


def test_at_0_percent_the_canarys_service_may_go(place: Place) -> None:
    place.split(50)
    kubectl("-n", place.release.namespace, "delete", "service", "shop-v2")
    try:
        place.router.restore_stable()
        assert place.who_answers(REQUESTS) == {"v1"}
    finally:
        apply(release_objects(place.release.name, place.release.namespace, place.hostname))


def test_a_prepared_route_takes_no_request_and_leaves_a_split_as_it_is(place: Place) -> None:
    place.router.prepare()
    assert place.router.read_split().canary_percent == 0
    assert place.who_answers(REQUESTS) == {"v1"}
    place.split(50)
    before = place.router.read_split()
    place.router.prepare()
    assert place.router.read_split() == before


def test_a_route_at_0_percent_is_removed_and_any_other_is_not(place: Place) -> None:
    place.split(50)
    with pytest.raises(SplitConflict, match="stands at 50 %"):
        place.router.remove_route()
    place.router.restore_stable()
    place.router.remove_route()
    place.router.remove_route()
    assert place.read_route() is None


def test_who_writes_while_another_does_is_refused(place: Place) -> None:
    def meet_another() -> str:
        place.router.write_split(50, NO_ROUTE)
        return "columns"

    with pytest.raises(SplitConflict, match="somebody has written 50 %"):
        place.router_with(read_model=meet_another).write_split(5, NO_ROUTE)
    assert place.router.read_split().canary_percent == 50


def test_of_two_who_make_the_route_in_the_same_moment_one_is_refused(place: Place) -> None:
    class MeetsAnother(ApiServer):
        """Another rollout makes the route after this one has seen that there is none."""

        def apply(self, path: str, document: Mapping[str, Any], manager: str = "assay-rollout") -> dict[str, Any]:
            place.router.write_split(50, NO_ROUTE)
            return super().apply(path, dict(document), manager)

    with pytest.raises(SplitConflict, match="somebody has written 50 %"):
        place.router_with(api=MeetsAnother.connect()).write_split(5, NO_ROUTE)
    assert read_weights(place) == [("shop-v1", 50), ("shop-v2", 50)]


def test_a_change_of_the_routes_status_or_labels_is_no_conflict(place: Place) -> None:
    read = place.router.write_split(5, place.router.read_split())
    kubectl("-n", place.release.namespace, "label", "httproute", place.release.split_name, "seen=by-somebody")
    assert place.router.read_split() == read
    assert place.router.write_split(10, read).canary_percent == 10


def test_a_weight_that_is_changed_by_hand_is_somebody_elses_write(place: Place) -> None:
    place.split(5)
    written = place.router.read_split()
    patch(place.release.namespace, f"httproute/{place.release.split_name}", CANARYS_WEIGHT, 45)
    found = place.router.read_split()
    assert found.canary_percent == 33  # 45 of 95 + 45, rounded up
    with pytest.raises(SplitConflict, match="somebody has written 33 %"):
        place.router.write_split(10, since=written)
    with pytest.raises(SplitNotConfirmed, match="replaced by 33 %"):
        place.router.confirm_split(written, timeout_seconds=5)


def test_what_another_field_manager_has_taken_over_is_not_taken_back_but_stable_is_restored(place: Place) -> None:
    place.split(5)
    patch(place.release.namespace, f"httproute/{place.release.split_name}", CANARYS_WEIGHT, 45)
    with pytest.raises(SplitConflict, match="kubectl-patch"):
        place.router.write_split(10, since=place.router.read_split())
    place.router.restore_stable()
    assert place.router.read_split() == NO_ROUTE
    assert place.who_answers(REQUESTS) == {"v1"}


def test_a_route_of_somebody_elses_making_is_their_split_until_stable_is_restored(place: Place) -> None:
    place.split(5)
    route = place.read_route()
    assert route is not None
    place.api.delete(place.release.split_route, {})
    rule = {"matches": route["spec"]["rules"][0]["matches"], "backendRefs": [{"name": "shop-v2", "port": 80}]}
    identity = {"name": place.release.split_name, "namespace": place.release.namespace}
    apply([{**route, "metadata": identity, "spec": {**route["spec"], "rules": [rule]}, "status": None}])
    assert place.router.read_split().canary_percent == 100
    with pytest.raises(SplitNotConfirmed, match="no rollout's"):
        place.router.confirm_split(place.router.read_split(), timeout_seconds=1)
    place.router.restore_stable()
    assert place.read_route() is None
    assert place.who_answers(REQUESTS) == {"v1"}


def test_a_route_that_is_deleted_by_hand_is_a_complete_rollback_and_somebody_elses_write(place: Place) -> None:
    place.split(100)
    written = place.router.read_split()
    kubectl("-n", place.release.namespace, "delete", "httproute", place.release.split_name)
    found = place.router.read_split()
    assert found == NO_ROUTE
    with pytest.raises(SplitConflict, match="somebody has written 0 %"):
        place.router.write_split(10, since=written)
    with pytest.raises(SplitNotConfirmed, match="replaced by 0 %"):
        place.router.confirm_split(written, timeout_seconds=5)
    place.router.confirm_split(found, timeout_seconds=5)
    assert place.who_answers(REQUESTS) == {"v1"}


def test_an_upgrade_of_the_chart_leaves_the_split_as_it_is(place: Place) -> None:
    place.split(50)
    before = place.router.read_split()
    apply(release_objects(place.release.name, place.release.namespace, place.hostname))
    assert place.router.read_split() == before


def test_a_revision_without_a_ready_endpoint_gets_no_share(place: Place) -> None:
    with pytest.raises(RevisionNotAvailable, match="Service shop-v3 has no ready endpoint, so its 5 %"):
        place.router_with(canary="v3").write_split(5, NO_ROUTE)
    assert place.read_route() is None


def test_a_canary_that_is_lost_while_its_split_is_confirmed_is_named_at_once(place: Place) -> None:
    written = place.router.write_split(5, NO_ROUTE)
    with pytest.raises(RevisionNotAvailable, match="last ready endpoint is gone"):
        place.router_with(is_canary_lost=lambda: True).confirm_split(written, timeout_seconds=60)


def test_a_chart_whose_own_route_is_not_to_stable_is_refused(place: Place) -> None:
    backend = "/spec/rules/0/backendRefs/0/name"
    patch(place.release.namespace, "httproute/shop", backend, "shop-v2")
    try:
        with pytest.raises(RouteNotUsable, match="sends to shop-v2; expected stable, shop-v1 or shop-v1-predictor"):
            place.router.write_split(5, NO_ROUTE)
    finally:
        patch(place.release.namespace, "httproute/shop", backend, "shop-v1")
    assert place.read_route() is None


def test_a_split_that_no_gateway_answers_for_is_not_confirmed(place: Place) -> None:
    written = place.router.write_split(5, NO_ROUTE)
    nobody = place.router_with(gateway_url=f"http://127.0.0.1:{find_free_port()}")
    with pytest.raises(SplitNotConfirmed, match=r"5 % is not in force after 1 s: the gateway .* does not answer"):
        nobody.confirm_split(written, timeout_seconds=1)


def test_an_api_server_that_is_away_is_unreachable_and_named(place: Place) -> None:
    address = f"https://127.0.0.1:{find_free_port()}"
    router = place.router_with(api=api_server_at(address))
    for call in (
        router.read_split,
        lambda: router.write_split(5, NO_ROUTE),
        lambda: router.confirm_split(NO_ROUTE, timeout_seconds=1),
        router.restore_stable,
        router.remove_route,
    ):
        with pytest.raises(RouterUnreachable, match=address):
            call()


def test_an_account_without_permission_is_told_what_it_may_not(place: Place) -> None:
    with pytest.raises(RouteNotUsable, match=r"answers 403 .* cannot get resource"):
        place.router_with(api=place.api_as("default")).read_split()
