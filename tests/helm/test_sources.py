"""Bundles and holdouts by source: the store of the chart, the web, a claim, inside the image."""

import pytest

from tests.helm.rendering import Object, Values, argument, render

SOURCES = {
    "": "http://assay-store",
    "https://models.example.com/bundles/1": "https://models.example.com/bundles/1",
    "s3://models/classifier/3": "s3://models/classifier/3",
    "pvc://models/classifier/3": "file:///source/classifier/3",
    "pvc://models": "file:///source",
    "file:///models/3": "file:///models/3",
}


@pytest.mark.parametrize(("source", "expected"), SOURCES.items(), ids=[source or "the store" for source in SOURCES])
@pytest.mark.parametrize("kind", ["bundle", "holdout"])
def test_content_is_fetched_from_its_source(kind: str, source: str, expected: str) -> None:
    pod = _fetching(kind, source)
    (fetch,) = pod["initContainers"]
    assert fetch["args"][:2] == ["store", "fetch"]
    assert (argument(fetch, "--from"), argument(fetch, "--kind")) == (expected, kind)
    claims = [one["persistentVolumeClaim"] for one in pod["volumes"] if "persistentVolumeClaim" in one]
    assert claims == ([{"claimName": "models", "readOnly": True}] if source.startswith("pvc:") else [])


def test_a_claim_is_mounted_by_the_step_that_fetches_only() -> None:
    pod = _fetching("bundle", "pvc://models/classifier/3")
    (fetch,), (main,) = pod["initContainers"], pod["containers"]
    assert {"name": "source", "mountPath": "/source", "readOnly": True} in fetch["volumeMounts"]
    assert "source" not in {mount["name"] for mount in main["volumeMounts"]}


@pytest.mark.parametrize("mode", ["deployment", "kserve"])
def test_credentials_arrive_at_the_step_that_fetches_only(mode: str) -> None:
    endpoint = {"name": "AWS_ENDPOINT_URL", "value": "https://s3.example.com"}
    credentials = {"secretRef": {"name": "s3"}}
    pods = render({"mode": mode, "fetch": {"extraEnv": [endpoint], "extraEnvFrom": [credentials]}}).pods()
    fetching = [pod for pod in pods.values() if "initContainers" in pod]
    assert len(fetching) == 3, "both revisions, and the promotion"
    for pod in fetching:
        (fetch,) = pod["initContainers"]
        assert endpoint in fetch["env"]
        assert fetch["envFrom"] == [credentials]
    assert not [one for pod in pods.values() for one in pod["containers"] if "envFrom" in one or endpoint in one["env"]]


@pytest.mark.parametrize(
    ("source", "port"),
    [
        ("s3://models/classifier/3", 443),
        ("https://models.example.com/bundles/1", 443),
        ("http://models.example.com:8090", 8090),
    ],
)
def test_a_pod_may_connect_to_where_its_bundle_is(source: str, port: int) -> None:
    rendered = render({"stable": {"bundle": {"from": source}}})
    _names, rule = rendered.one("NetworkPolicy", "assay-v1")["spec"]["egress"]
    assert rule == {"ports": [{"port": port}]}


def test_without_a_store_there_is_nothing_of_it() -> None:
    source = {"from": "file:///content"}
    values: Values = {
        "store": {"enabled": False},
        "stable": {"bundle": source},
        "canary": {"bundle": source},
        "promotion": {"holdout": source},
    }
    rendered = render(values)
    assert not [one for one in rendered.objects if one["metadata"]["name"] == "assay-store"]
    assert rendered.all("PersistentVolumeClaim") == {}


def test_the_store_keeps_its_content_on_a_claim() -> None:
    rendered = render({"store": {"limitBytes": 3_000_000_000, "persistence": {"storageClass": "fast", "size": "9Gi"}}})
    store = rendered.one("Deployment", "assay-store")
    assert store["spec"]["strategy"] == {"type": "Recreate"}, "two pods would share a claim that only one can have"
    pod = store["spec"]["template"]["spec"]
    assert argument(pod["containers"][0], "--limit-bytes") == "3000000000"
    assert {"name": "store", "persistentVolumeClaim": {"claimName": "assay-store"}} in pod["volumes"]
    claim = rendered.one("PersistentVolumeClaim", "assay-store")["spec"]
    assert (claim["storageClassName"], claim["resources"]["requests"]["storage"]) == ("fast", "9Gi")
    assert argument(pod["containers"][0], "--directory") == "/store"


def test_the_store_can_have_a_claim_that_exists() -> None:
    rendered = render({"store": {"persistence": {"existingClaim": "models"}}})
    assert rendered.all("PersistentVolumeClaim") == {}
    volumes = rendered.pods()["Deployment assay-store"]["volumes"]
    assert {"name": "store", "persistentVolumeClaim": {"claimName": "models"}} in volumes


def test_the_store_can_do_without_a_claim() -> None:
    rendered = render({"store": {"persistence": {"enabled": False}}})
    assert rendered.all("PersistentVolumeClaim") == {}
    assert {"name": "store", "emptyDir": {}} in rendered.pods()["Deployment assay-store"]["volumes"]


def _fetching(kind: str, source: str) -> Object:
    if kind == "bundle":
        return render({"stable": {"bundle": {"from": source}}}).pods()["Deployment assay-v1"]
    template: Object = render({"promotion": {"holdout": {"from": source}}}).promotion()["spec"]["template"]
    pod: Object = template["spec"]
    return pod
