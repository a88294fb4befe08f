"""A rollout with no more permission than the chart's Role gives its account."""

from collections.abc import Iterator

import pytest

from promotion.kubernetes.api_server import ApiServer
from promotion.kubernetes.endpoint_watch import EndpointWatch
from promotion.kubernetes.errors import ApiRefused
from promotion.kubernetes.rollout_events import RolloutEvents
from promotion.kubernetes.rollout_store import ClusterRolloutStore
from promotion.rollout.record import RolloutPlan
from promotion.rollout.transitions import advance
from tests.promotion.kubernetes.manifests import JsonObject
from tests.promotion.kubernetes.place import Place, apply, kubectl
from tests.promotion.rollout.events import AT, begun, success_of

pytestmark = pytest.mark.cluster

ACCOUNT = "promotion"
ROUTES = "gateway.networking.k8s.io"


def rule(group: str, resource: str, *verbs: str, names: tuple[str, ...] = ()) -> JsonObject:
    found: JsonObject = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return {**found, "resourceNames": list(names)} if names else found


@pytest.fixture
def account(place: Place) -> Iterator[ApiServer]:
    """The API server as the promotion's account sees it."""
    metadata = {"name": ACCOUNT, "namespace": place.release.namespace}
    state = (place.release.state_name,)
    rules = [
        rule("", "configmaps", "get", "patch", names=state),
        rule("coordination.k8s.io", "leases", "get", "patch", names=state),
        rule(ROUTES, "httproutes", "create"),
        rule(ROUTES, "httproutes", "get", "patch", "delete", names=(place.release.split_name,)),
        rule(ROUTES, "httproutes", "get", names=(place.release.name,)),
        rule("discovery.k8s.io", "endpointslices", "list", "watch"),
        rule("", "events", "create"),
    ]
    subject = {"kind": "ServiceAccount", **metadata}
    binding = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT}}
    apply(
        [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules},
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": metadata,
                "subjects": [subject],
                **binding,
            },
        ]
    )
    yield place.api_as(ACCOUNT)
    kubectl("-n", place.release.namespace, "delete", "rolebinding", ACCOUNT)


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
    RolloutEvents(account, place.release).tell(advance(record, success_of(record), AT))
    assert "VerdictPromote" in kubectl("-n", place.release.namespace, "get", "events")


def test_no_other_route_can_be_written(place: Place, account: ApiServer) -> None:
    with pytest.raises(ApiRefused, match=r"403 .* cannot patch resource"):
        account.merge(place.release.route, {"metadata": {"labels": {"seen": "yes"}}})
