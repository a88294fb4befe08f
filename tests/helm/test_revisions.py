"""Stable and canary are alike, so that a canary that becomes stable keeps its pods."""

import re
from typing import Any

import pytest

from tests.helm.rendering import EVERYTHING, TEMPORARY, Object, Rendered, Values, argument, render

V1 = "sha256:" + "1" * 64
V2 = "sha256:" + "2" * 64
AFTER_PROMOTION: Values = {"stable": {"revision": "v2", "bundle": {"digest": V2}}, "canary": None}
MODES: dict[str, Values] = {"deployment": {}, "kserve": {"mode": "kserve"}, "everything": EVERYTHING}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_a_canary_that_becomes_stable_is_not_touched(mode: Values) -> None:
    before, after = render(mode), render({**mode, **AFTER_PROMOTION})
    assert _of_revision(before, "v2") == _of_revision(after, "v2")
    assert _of_revision(after, "v1") == []


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_two_revisions_differ_in_name_and_bundle_only(mode: Values) -> None:
    rendered = render({**mode, "stable": {"revision": "crimson"}, "canary": {"revision": "azure"}})
    stable, canary = repr(_of_revision(rendered, "crimson")), repr(_of_revision(rendered, "azure"))
    assert stable != canary
    assert stable.replace("crimson", "azure").replace("1" * 64, "2" * 64) == canary


def test_a_canary_changes_nothing_of_what_is_there() -> None:
    with_canary, without = render(), render({"canary": None})
    added = [one for one in with_canary.objects if one not in without.objects]
    assert {(one["kind"], re.sub("-[0-9a-f]{10}$", "", one["metadata"]["name"])) for one in added} == {
        *((kind, "assay-v2") for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy")),
        ("Job", "assay-promotion"),
        ("ConfigMap", "assay-promotion"),
    }
    assert [one for one in without.objects if one not in with_canary.objects] == []


def test_selectors_tell_revisions_apart_and_match_their_pods() -> None:
    rendered = render()
    for name in ("assay-v1", "assay-v2"):
        deployment = rendered.one("Deployment", name)
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert selector["assay.dev/revision"] == name.removeprefix("assay-")
        assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
        assert rendered.one("Service", name)["spec"]["selector"] == selector
        assert rendered.one("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"] == selector
        (spread,) = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert spread["labelSelector"]["matchLabels"] == selector


def test_a_pod_serves_the_bundle_that_its_first_step_verified() -> None:
    pod = render().pods()["Deployment assay-v1"]
    (fetch,), (main,) = pod["initContainers"], pod["containers"]
    assert argument(fetch, "--digest") == V1
    assert argument(fetch, "--to") == argument(main, "--bundle") == "/bundle/" + "1" * 64
    assert {"name": "content", "mountPath": "/bundle", "readOnly": True} in main["volumeMounts"]


def test_a_pod_says_which_bundle_it_runs() -> None:
    template = render().templates()["Deployment assay-v2"]
    assert template["metadata"]["annotations"]["assay.dev/bundle"] == V2


def test_a_revision_can_have_an_image_and_a_number_of_pods_of_its_own() -> None:
    values: Values = {
        "image": {"digest": "sha256:" + "a" * 64},
        "canary": {"replicas": 3, "image": {"tag": "with-bundle-3"}},
    }
    rendered = render(values)
    canary = rendered.one("Deployment", "assay-v2")
    assert canary["spec"]["replicas"] == 3
    assert rendered.one("Deployment", "assay-v1")["spec"]["replicas"] == 1
    assert {one["image"] for one in _containers(canary)} == {"assay:with-bundle-3"}


def test_a_model_goes_by_one_name_in_both_revisions() -> None:
    pods = render({"model": "classifier"}).pods()
    named = {argument(pods[f"Deployment assay-{name}"]["containers"][0], "--model") for name in ("v1", "v2")}
    assert named == {"classifier"}


def test_settings_become_the_variables_of_a_predictor() -> None:
    pod = render({"predictor": {"settings": {"bodyLimitBytes": 33554432, "interOpThreads": 2}}}).pods()
    variables = {one["name"]: one["value"] for one in pod["Deployment assay-v2"]["containers"][0]["env"]}
    assert variables.pop("ASSAY_WITHOUT_KEYS") == "true"
    assert variables == {"HOME": TEMPORARY, "ASSAY_BODY_LIMIT_BYTES": "33554432", "ASSAY_INTER_OP_THREADS": "2"}


def test_a_setting_that_is_on_or_off_is_written_so() -> None:
    pod = render({"predictor": {"settings": {"fastPath": False, "logLevel": "warning"}}}).pods()["Deployment assay-v1"]
    assert {"name": "ASSAY_FAST_PATH", "value": "false"} in pod["containers"][0]["env"]
    assert {"name": "ASSAY_LOG_LEVEL", "value": "warning"} in pod["containers"][0]["env"]


def test_grpc_has_a_port_of_pods_services_and_policies_where_it_is_on() -> None:
    on, off = render({"predictor": {"grpc": {"enabled": True}}}), render()
    for name in ("assay-v1", "assay-v2"):
        container = on.pods()[f"Deployment {name}"]["containers"][0]
        assert argument(container, "--grpc-port") == "9000"
        assert {"name": "grpc", "containerPort": 9000, "protocol": "TCP"} in container["ports"]
        port = next(one for one in on.one("Service", name)["spec"]["ports"] if one["name"] == "grpc")
        assert (port["port"], port["targetPort"], port["appProtocol"]) == (9000, "grpc", "kubernetes.io/h2c")
        assert {"port": 9000} in on.one("NetworkPolicy", name)["spec"]["ingress"][0]["ports"]
        assert "9000" not in repr([off.pods()[f"Deployment {name}"], off.one("Service", name)])
    assert len(on.one("Service", "assay-store")["spec"]["ports"]) == 1


def test_an_autoscaler_owns_the_number_of_pods() -> None:
    scaled = render({"predictor": {"autoscaling": {"enabled": True, "maxReplicas": 7}}})
    for name in ("assay-v1", "assay-v2"):
        assert "replicas" not in scaled.one("Deployment", name)["spec"]
        autoscaler = scaled.one("HorizontalPodAutoscaler", name)["spec"]
        assert autoscaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == (1, 7)
        assert [metric["type"] for metric in autoscaler["metrics"]] == ["Resource"]
    assert render().all("HorizontalPodAutoscaler") == {}
    by_queue = render({"predictor": {"autoscaling": {"enabled": True, "targetQueueDepth": 8}}})
    assert by_queue.one("HorizontalPodAutoscaler", "assay-v1")["spec"]["metrics"][1]["pods"] == {
        "metric": {"name": "assay_queue_depth"},
        "target": {"type": "AverageValue", "averageValue": "8"},
    }


def _of_revision(rendered: Rendered, revision: str) -> list[Object]:
    return [one for one in rendered.objects if one["metadata"]["labels"].get("assay.dev/revision") == revision]


def _containers(deployment: Object) -> list[dict[str, Any]]:
    pod = deployment["spec"]["template"]["spec"]
    return [*pod["initContainers"], *pod["containers"]]
