"""The way in: a Gateway of the chart or one that exists, and the base route. Never the split."""

import pytest

from tests.helm.rendering import EVERYTHING, Values, render


def test_everything_goes_to_the_stable_revision() -> None:
    (rule,) = render().one("HTTPRoute", "assay")["spec"]["rules"]
    assert rule == {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"name": "assay-v1", "port": 80}],
    }


@pytest.mark.parametrize(
    "values", [{}, {"mode": "kserve"}, EVERYTHING, {"promotion": {"enabled": False}}], ids=range(4)
)
def test_the_split_is_not_the_chart_s_and_neither_is_what_a_rollout_knows(values: Values) -> None:
    rendered = render(values)
    assert set(rendered.all("HTTPRoute")) == {"assay"}
    for kind in ("ConfigMap", "Lease"):
        assert rendered.one(kind, "assay-rollout").keys() == {"apiVersion", "kind", "metadata"}


def test_the_gateway_listens_for_http() -> None:
    gateway = render().one("Gateway", "assay")
    assert gateway["spec"] == {
        "gatewayClassName": "eg",
        "listeners": [
            {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "Same"}}}
        ],
    }
    assert render().one("HTTPRoute", "assay")["spec"]["parentRefs"] == [{"name": "assay"}]


def test_a_gateway_that_exists_is_referred_to() -> None:
    rendered = render({"gateway": {"existing": {"name": "shared", "namespace": "gateways", "sectionName": "http"}}})
    assert rendered.all("Gateway") == {}
    (parent,) = rendered.one("HTTPRoute", "assay")["spec"]["parentRefs"]
    assert parent == {"name": "shared", "namespace": "gateways", "sectionName": "http"}


def test_a_gateway_that_exists_is_looked_for_in_the_release_s_namespace_first() -> None:
    (parent,) = render({"gateway": {"existing": {"name": "shared"}}}).one("HTTPRoute", "assay")["spec"]["parentRefs"]
    assert parent == {"name": "shared", "namespace": "serving"}


def test_the_class_the_annotations_and_the_infrastructure_are_the_owner_s() -> None:
    parameters = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "edge"}
    values: Values = {
        "gateway": {
            "className": "traefik",
            "annotations": {"a": "b"},
            "infrastructure": {"parametersRef": parameters},
        }
    }
    gateway = render(values).one("Gateway", "assay")
    assert gateway["spec"]["gatewayClassName"] == "traefik"
    assert gateway["spec"]["infrastructure"] == {"parametersRef": parameters}
    assert gateway["metadata"]["annotations"] == {"a": "b"}


def test_https_is_served_with_the_secret_s_certificate() -> None:
    gateway = render({"gateway": {"tls": {"enabled": True, "secretName": "assay-tls"}}}).one("Gateway", "assay")
    http, https = gateway["spec"]["listeners"]
    assert (http["protocol"], https["protocol"], https["port"]) == ("HTTP", "HTTPS", 443)
    assert https["tls"] == {"certificateRefs": [{"name": "assay-tls"}]}
    assert "annotations" not in gateway["metadata"]


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ({"name": "letsencrypt"}, {"cert-manager.io/cluster-issuer": "letsencrypt"}),
        ({"name": "ours", "kind": "Issuer"}, {"cert-manager.io/issuer": "ours"}),
    ],
)
def test_cert_manager_is_asked_for_each_host_name(issuer: Values, expected: dict[str, str]) -> None:
    tls = {"enabled": True, "secretName": "assay-tls", "issuer": issuer}
    rendered = render({"gateway": {"hostnames": ["a.example.com", "b.example.com"], "tls": tls}})
    gateway = rendered.one("Gateway", "assay")
    assert gateway["metadata"]["annotations"] == expected
    listeners = {one["name"]: one.get("hostname") for one in gateway["spec"]["listeners"]}
    assert listeners == {"http": None, "https": "a.example.com", "https-1": "b.example.com"}
    assert rendered.one("HTTPRoute", "assay")["spec"]["hostnames"] == ["a.example.com", "b.example.com"]
