"""Who may do what in the cluster, and who may connect to whom."""

import pytest

from tests.helm.rendering import Object, Values, render

ROLLOUT = {
    ("configmaps", "assay-rollout"): {"get", "patch"},
    ("leases", "assay-rollout"): {"get", "patch"},
    ("httproutes", None): {"create"},
    ("httproutes", "assay-split"): {"get", "patch", "delete"},
    ("httproutes", "assay"): {"get"},
    ("endpointslices", None): {"list", "watch"},
    ("jobs", None): {"get"},
    ("events", None): {"create"},
}


def test_the_rollout_may_do_what_it_needs_and_no_more() -> None:
    assert _granted(render().one("Role", "assay-promotion")) == ROLLOUT


def test_the_exporter_reads_the_record_only() -> None:
    assert _granted(render().one("Role", "assay-exporter")) == {("configmaps", "assay-rollout"): {"get"}}


def test_each_role_is_bound_to_the_account_of_its_name_only() -> None:
    bindings = render().all("RoleBinding")
    assert set(bindings) == set(render().all("Role")) == set(render().all("ServiceAccount"))
    for name, binding in bindings.items():
        assert binding["roleRef"]["name"] == name
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": "serving"}]


def test_nothing_is_granted_beyond_the_namespace() -> None:
    assert not {one["kind"] for one in render().objects} & {"ClusterRole", "ClusterRoleBinding"}


def test_what_is_switched_off_leaves_no_account_behind() -> None:
    values: Values = {"promotion": {"enabled": False}, "exporter": {"enabled": False}}
    rendered = render(values)
    assert rendered.all("ServiceAccount") == rendered.all("Role") == rendered.all("RoleBinding") == {}


def test_every_pod_has_a_network_policy_for_both_directions() -> None:
    rendered = render()
    policies = rendered.all("NetworkPolicy").values()
    for owner, template in rendered.templates().items():
        labels = template["metadata"]["labels"]
        (own,) = [one for one in policies if one["spec"]["podSelector"]["matchLabels"].items() <= labels.items()]
        assert own["spec"]["policyTypes"] == ["Ingress", "Egress"], owner


def test_predictors_are_called_by_the_gateway_the_rollout_and_who_is_named() -> None:
    callers = [{"podSelector": {"matchLabels": {"app": "client"}}}]
    policy = render({"networkPolicy": {"callers": callers}, "gateway": {"proxyNamespace": "edge"}})
    (rule,) = policy.one("NetworkPolicy", "assay-v1")["spec"]["ingress"]
    assert rule["ports"] == [{"port": 8000}]
    assert _peers(rule["from"]) == ["namespace edge", "promotion", "client", "namespace monitoring"]


def test_the_store_is_reached_by_those_that_fetch_and_reaches_nobody() -> None:
    spec = render().one("NetworkPolicy", "assay-store")["spec"]
    (rule,) = spec["ingress"]
    assert _peers(rule["from"]) == ["predictor", "promotion", "namespace monitoring"]
    assert "egress" not in spec


def test_nobody_connects_to_the_promotion_and_only_scrapers_to_the_exporter() -> None:
    rendered = render()
    assert "ingress" not in rendered.one("NetworkPolicy", "assay-promotion")["spec"]
    (rule,) = rendered.one("NetworkPolicy", "assay-exporter")["spec"]["ingress"]
    assert _peers(rule["from"]) == ["namespace monitoring"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", [{"port": 8080}]),
        ("https://models.example.com/bundles/1", [{"port": 443}]),
        ("http://models.example.com/bundles/1", [{"port": 80}]),
        ("https://models.example.com:8443/bundles/1", [{"port": 8443}]),
        ("pvc://models/1", None),
        ("file:///models/1", None),
    ],
)
def test_a_predictor_reaches_the_source_of_its_bundle_and_names(source: str, expected: list[Object] | None) -> None:
    rendered = render({"stable": {"bundle": {"from": source}}})
    names, *rest = rendered.one("NetworkPolicy", "assay-v1")["spec"]["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert [rule["ports"] for rule in rest] == ([] if expected is None else [expected])


@pytest.mark.parametrize(("looks", "is_store_there", "expected"), [(1, True, 0), (3, True, 1), (3, False, 0)])
def test_a_promotion_with_looks_reaches_the_store_of_further_rows(
    looks: int, is_store_there: bool, expected: int
) -> None:
    elsewhere = "https://models.example.com"
    rendered = render(
        {
            "stable": {"bundle": {"from": elsewhere}},
            "canary": {"bundle": {"from": elsewhere}},
            "store": {"enabled": is_store_there},
            "promotion": {"holdout": {"from": elsewhere}, "gate": {"looks": looks}, "holdSeconds": 60},
        }
    )
    rules = rendered.one("NetworkPolicy", "assay-promotion")["spec"]["egress"]
    assert sum({"port": 8080} in rule.get("ports", []) for rule in rules) == expected
    (job,) = rendered.all("Job").values()
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert ("--rows-from" in arguments) is bool(expected)
    assert ("--hold-seconds" in arguments) is (looks > 1)


def test_without_network_policies_there_are_none() -> None:
    assert render({"networkPolicy": {"enabled": False}}).all("NetworkPolicy") == {}


def _granted(role: Object) -> dict[tuple[str, str | None], set[str]]:
    return {
        (resource, name): set(rule["verbs"])
        for rule in role["rules"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [None])
    }


def _peers(peers: list[Object]) -> list[str]:
    found = []
    for peer in peers:
        if "namespaceSelector" in peer:
            found.append(f"namespace {peer['namespaceSelector']['matchLabels']['kubernetes.io/metadata.name']}")
        else:
            labels = peer["podSelector"]["matchLabels"]
            found.append(labels.get("app.kubernetes.io/component") or labels["app"])
    return found
