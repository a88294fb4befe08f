"""The rendering as a whole: `kubectl apply` of it is as good as an installation."""

import json
import re
from pathlib import Path

import pytest

from tests.helm.rendering import CHART, EVERYTHING, REVISIONS, Values, helm, render, template

ALL: dict[str, Values] = {
    "defaults": {},
    "kserve": {"mode": "kserve"},
    "everything": EVERYTHING,
    "ServiceMonitor": {"metrics": {"discovery": "serviceMonitor"}},
    "no canary": {"canary": None},
}


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_the_same_values_are_the_same_text(values: Values) -> None:
    first, again = (template(json.dumps(values), "assay", "serving") for _ in range(2))
    assert first == again


def test_no_template_looks_at_the_cluster_at_chance_at_the_time_or_at_helm_s_state() -> None:
    forbidden = re.compile(
        r"\b(lookup|rand\w+|uuidv4|now|htpasswd|gen(CA|PrivateKey|SelfSigned|Signed)\w*"
        r"|Capabilities|IsUpgrade|IsInstall|Release\.Revision|helm\.sh/\w+)\b"
    )
    comment = re.compile(r"\{\{-? ?/\*(?s:.*?)\*/|^ *#.*$", re.MULTILINE)
    found = {
        path.name: [match.group() for match in forbidden.finditer(comment.sub("", path.read_text()))]
        for path in (CHART / "templates").iterdir()
    }
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_every_object_says_where_it_belongs(values: Values) -> None:
    for one in render(values).objects:
        metadata = one["metadata"]
        assert metadata["namespace"] == "serving"
        assert metadata["labels"].items() >= {
            ("app.kubernetes.io/name", "assay"),
            ("app.kubernetes.io/instance", "assay"),
            ("app.kubernetes.io/managed-by", "Helm"),
        }
        assert not [name for name in metadata.get("annotations", {}) if name.startswith("helm.sh/")]


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_no_two_objects_have_one_name(values: Values) -> None:
    names = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in render(values).objects]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("release", "namespace"), [("on", "123"), ("null", "1e3"), ("y", "true")])
def test_names_that_yaml_takes_for_something_else_stay_names(release: str, namespace: str) -> None:
    for one in render(release=release, namespace=namespace).objects:
        assert one["metadata"]["name"].split("-")[0] == release
        assert one["metadata"]["namespace"] == namespace
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == release


def test_the_longest_names_fit() -> None:
    longest = render({"mode": "kserve", "stable": {"revision": "r" * 20}}, release="a" * 30)
    assert max(len(one["metadata"]["name"]) for one in longest.objects) <= 63
    (rule,) = longest.one("HTTPRoute", "a" * 30)["spec"]["rules"]
    assert len(rule["backendRefs"][0]["name"]) <= 63


@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_helm_lint_has_nothing_to_say(values: Values, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(json.dumps(values))
    said = helm("lint", "--strict", "--quiet", str(CHART), "-f", str(REVISIONS), "-f", str(tmp_path / "values.yaml"))
    assert "[ERROR]" not in said
    assert "[WARNING]" not in said


def test_a_prometheus_operator_is_told_where_metrics_are() -> None:
    values: Values = {"metrics": {"discovery": "serviceMonitor", "serviceMonitor": {"labels": {"release": "prom"}}}}
    rendered = render(values)
    monitor = rendered.one("ServiceMonitor", "assay")
    assert monitor["metadata"]["labels"]["release"] == "prom"
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    (service,) = [each for each in rendered.all("Service").values() if wanted <= each["metadata"]["labels"].items()]
    assert service["metadata"]["name"] == "assay-metrics"
    assert {port["name"] for port in service["spec"]["ports"]} == {monitor["spec"]["endpoints"][0]["port"]}
    assert "prometheus.io/scrape" not in str(rendered.templates())


@pytest.mark.parametrize("mode", ["deployment", "kserve"])
def test_one_service_names_every_pod_that_has_metrics(mode: str) -> None:
    rendered = render({"mode": mode})
    service = rendered.one("Service", "assay-metrics")["spec"]
    (port,) = service["ports"]
    for owner, pod in rendered.templates().items():
        ports = {each["name"] for one in pod["spec"]["containers"] for each in one.get("ports", [])}
        assert service["selector"].items() <= pod["metadata"]["labels"].items(), owner
        assert (port["targetPort"] in ports) is not owner.startswith("Job "), owner
    assert "assay-metrics" not in render({"metrics": {"discovery": "none"}}).all("Service")


@pytest.mark.parametrize("values", [{}, {"canary": None}], ids=["canary", "no canary"])
def test_the_notes_name_the_next_commands(values: Values) -> None:
    said = helm(
        "install",
        "assay",
        str(CHART),
        "--dry-run=client",
        "-f",
        str(REVISIONS),
        "-f",
        "-",
        given=json.dumps(values),
    )
    notes = said[said.index("NOTES:") :]
    for command in ("curl -s -X POST", "make canary", "make traffic", "make rollback", "kubectl delete httproute"):
        assert command in notes
    assert ("kubectl logs" in notes) is (values == {})
    if not values:
        assert f"job/{render(namespace='default').promotion()['metadata']['name']}" in notes
