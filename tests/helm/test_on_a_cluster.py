"""What only a real API server can say. Nothing is scheduled here: the pods ask for a node that does not exist."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.helm.cluster import CommandFailed, Namespace, namespace, why_there_is_none
from tests.helm.rendering import CONSOLE, EVERYTHING, Object, Values, render

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

IDLE: Values = {
    "pod": {"nodeSelector": {"kubernetes.io/hostname": "nowhere"}},
    "gateway": {"existing": {"name": "nowhere"}},
}
VARIANTS: dict[str, Values] = {
    "defaults": {},
    "everything": EVERYTHING,
    "no canary": {"canary": None},
    "console": CONSOLE,
}


@pytest.fixture(scope="module")
def place() -> Iterator[Namespace]:
    reason = why_there_is_none()
    if reason is not None:
        pytest.skip(reason)
    with namespace() as made:
        yield made


@pytest.fixture(scope="module")
def released(place: Namespace) -> Namespace:
    """The release in the middle of a rollout: a split, a record and a lock that the chart has not written."""
    place.helm("install", values=IDLE)
    record = {"record.json": '{"state": "observing"}'}
    _write(place, _object("v1", "ConfigMap", "assay-rollout") | {"data": record})
    _write(place, _object("coordination.k8s.io/v1", "Lease", "assay-rollout") | {"spec": {"holderIdentity": "a pod"}})
    _write(place, _split(owner=place.get("configmap", "assay-rollout")["metadata"]["uid"]))
    return place


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_the_api_server_takes_every_object(place: Namespace, values: Values) -> None:
    rendered = render(values, namespace=place.name)
    said = place.kubectl("apply", "--server-side", "--dry-run=server", "--filename=-", given=_list(*rendered.objects))
    assert said.count("serverside-applied (server dry run)") == len(rendered.objects)
    assert "Warning" not in said


@pytest.mark.parametrize("values", [{}, EVERYTHING, {"stable": {"bundle": {"from": "pvc://a/b"}}}], ids=range(3))
def test_a_restricted_namespace_admits_every_pod(place: Namespace, values: Values) -> None:
    pods = [_pod(template["spec"]) for template in render(values).templates().values()]
    for pod in pods:
        place.kubectl("create", "--dry-run=server", "--filename=-", given=pod)


def test_the_namespace_would_refuse_a_pod_that_asks_for_more(place: Namespace) -> None:
    pod = _pod(render().pods()["Deployment assay-store"])
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    with pytest.raises(CommandFailed, match='violates PodSecurity "restricted'):
        place.kubectl("create", "--dry-run=server", "--filename=-", given=pod)


@pytest.mark.parametrize(
    ("verb", "arguments", "values"),
    [
        ("upgrade", [], {**IDLE, "predictor": {"replicas": 2}}),
        ("rollback", ["1"], None),
        ("upgrade", ["--server-side=false"], {**IDLE, "predictor": {"replicas": 3}}),
    ],
    ids=["upgrade", "rollback", "upgrade on the client's side"],
)
def test_helm_in_the_middle_of_a_rollout_leaves_split_record_and_lock(
    released: Namespace, verb: str, arguments: list[str], values: Values | None
) -> None:
    before = _state_of_the_rollout(released)
    released.helm(verb, *arguments, values=values)
    assert _state_of_the_rollout(released) == before


@pytest.mark.parametrize("way", [["--server-side", "--force-conflicts"], []], ids=["server-side", "client-side"])
def test_kubectl_apply_in_the_middle_of_a_rollout_leaves_split_record_and_lock(
    released: Namespace, way: list[str]
) -> None:
    before = _state_of_the_rollout(released)
    rendered = render(IDLE, namespace=released.name)
    released.kubectl("apply", *way, "--filename=-", given=_list(*rendered.objects))
    assert _state_of_the_rollout(released) == before


def test_the_same_values_do_not_judge_again_and_a_deleted_job_does(released: Namespace) -> None:
    job = render(IDLE, namespace=released.name).promotion()["metadata"]["name"]
    there = released.get("job", job)["metadata"]["uid"]
    released.helm("upgrade", values=IDLE)
    assert released.get("job", job)["metadata"]["uid"] == there
    released.kubectl("delete", "job", job)
    released.helm("upgrade", values=IDLE)
    assert released.get("job", job)["metadata"]["uid"] != there


def test_another_holdout_is_another_job_and_the_one_before_ends(released: Namespace) -> None:
    other: Values = {**IDLE, "promotion": {"holdout": {"digest": "sha256:" + "4" * 64}}}
    released.helm("upgrade", values=other)
    expected = render(other, namespace=released.name).promotion()["metadata"]["name"]
    assert _at_last(lambda: _names(released, "job"), {f"job.batch/{expected}"}) == {f"job.batch/{expected}"}


@pytest.mark.parametrize(
    ("verb", "what", "is_allowed"),
    [
        ("patch", "httproutes.gateway.networking.k8s.io/assay-split", True),
        ("delete", "httproutes.gateway.networking.k8s.io/assay-split", True),
        ("create", "httproutes.gateway.networking.k8s.io", True),
        ("get", "httproutes.gateway.networking.k8s.io/assay", True),
        ("patch", "configmaps/assay-rollout", True),
        ("patch", "leases.coordination.k8s.io/assay-rollout", True),
        ("watch", "endpointslices.discovery.k8s.io", True),
        ("create", "events", True),
        ("get", "pods", False),
        ("get", "deployments.apps/assay-v2", False),
        ("update", "httproutes.gateway.networking.k8s.io/assay-split", False),
        ("patch", "httproutes.gateway.networking.k8s.io/assay", False),
        ("delete", "httproutes.gateway.networking.k8s.io/assay", False),
        ("get", "configmaps/kube-root-ca.crt", False),
        ("patch", "deployments.apps/assay-v1", False),
        ("get", "secrets", False),
        ("create", "pods", False),
        ("delete", "jobs.batch", False),
    ],
)
def test_the_rollout_s_account_may_do_what_it_needs_and_no_more(
    released: Namespace, verb: str, what: str, is_allowed: bool
) -> None:
    account = f"--as=system:serviceaccount:{released.name}:assay-promotion"
    try:
        answer = released.kubectl("auth", "can-i", verb, what, account).strip()
    except CommandFailed:
        answer = "no"
    assert answer == ("yes" if is_allowed else "no")


def test_uninstalling_leaves_nothing_behind(released: Namespace) -> None:
    released.helm("uninstall")
    kinds = "deployment,service,configmap,job,role,rolebinding,serviceaccount,networkpolicy,pdb,lease,pvc,httproute,pod"
    kubernetes_own = {"configmap/kube-root-ca.crt", "serviceaccount/default"}
    assert _at_last(lambda: _names(released, kinds), kubernetes_own) == kubernetes_own


def _names(place: Namespace, kinds: str) -> set[str]:
    return set(place.kubectl("get", kinds, "--output=name").split())


def _at_last(look: Callable[[], set[str]], expected: set[str]) -> set[str]:
    """What `look` finds once it is what is expected, or after a minute."""
    deadline = time.monotonic() + 60
    while (found := look()) != expected and time.monotonic() < deadline:
        time.sleep(0.3)
    return found


def _object(version: str, kind: str, name: str) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}}


def _list(*objects: Object) -> Object:
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def _pod(spec: Object) -> Object:
    spec.pop("serviceAccountName", None)  # the account is not there in a dry run
    return _object("v1", "Pod", "admitted") | {"spec": spec}


def _split(owner: str) -> Object:
    """The split as a rollout writes it."""
    split = _object("gateway.networking.k8s.io/v1", "HTTPRoute", "assay-split")
    owned_by = {"apiVersion": "v1", "kind": "ConfigMap", "name": "assay-rollout", "uid": owner}
    split["metadata"]["ownerReferences"] = [owned_by]
    rule = {
        "matches": [{"path": {"type": "Exact", "value": "/classify"}, "method": "POST"}],
        "backendRefs": [
            {"name": "assay-v1", "port": 80, "weight": 75},
            {"name": "assay-v2", "port": 80, "weight": 25},
        ],
    }
    split["spec"] = {"parentRefs": [{"name": "nowhere"}], "rules": [rule]}
    return split


def _write(place: Namespace, what: Object) -> None:
    place.kubectl("apply", "--server-side", "--field-manager=assay-rollout", "--filename=-", given=what)


def _state_of_the_rollout(place: Namespace) -> tuple[Object, Object, Object]:
    split = place.get("httproute", "assay-split")
    return (
        {key: split["metadata"][key] for key in ("uid", "generation", "resourceVersion")} | split["spec"],
        place.get("configmap", "assay-rollout")["data"],
        place.get("lease", "assay-rollout")["spec"],
    )
