"""`mode: kserve`: an InferenceService for each revision, and no split but ours."""

import pytest

from tests.helm.rendering import Rendered, Values, render


@pytest.fixture
def on_kserve() -> Rendered:
    return render({"mode": "kserve"})


def test_each_revision_is_an_inference_service(on_kserve: Rendered) -> None:
    assert set(on_kserve.all("InferenceService")) == {"assay-v1", "assay-v2"}
    assert set(on_kserve.all("Deployment")) == {"assay-store", "assay-exporter"}
    assert set(on_kserve.all("Service")) == {"assay-store", "assay-exporter", "assay-metrics"}


def test_kserve_makes_no_route_and_no_autoscaler_of_its_own(on_kserve: Rendered) -> None:
    for service in on_kserve.all("InferenceService").values():
        assert service["metadata"]["labels"]["networking.kserve.io/visibility"] == "cluster-local"
        assert service["metadata"]["annotations"] == {
            "serving.kserve.io/deploymentMode": "Standard",
            "serving.kserve.io/autoscalerClass": "none",
        }


def test_the_container_is_the_one_of_a_deployment_but_for_its_name(on_kserve: Rendered) -> None:
    ours = render().pods()["Deployment assay-v1"]
    theirs = on_kserve.pods()["InferenceService assay-v1"]
    assert theirs["containers"][0].pop("name") == "kserve-container"
    assert ours["containers"][0].pop("name") == "predictor"
    assert {key: theirs[key] for key in ours} == ours
    assert theirs["minReplicas"] == 1


def test_route_and_rollout_go_over_the_services_that_kserve_makes(on_kserve: Rendered) -> None:
    (rule,) = on_kserve.one("HTTPRoute", "assay")["spec"]["rules"]
    assert rule["backendRefs"] == [{"name": "assay-v1-predictor", "port": 80}]
    arguments = on_kserve.promotion()["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"v1=http://assay-v1-predictor", "v2=http://assay-v2-predictor"} < set(arguments)


def test_budget_and_network_policy_select_the_pods_that_kserve_makes(on_kserve: Rendered) -> None:
    for name, service in on_kserve.all("InferenceService").items():
        labels = service["spec"]["predictor"]["labels"]
        assert on_kserve.one("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert on_kserve.one("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_kserve_scales_where_it_is_asked_to() -> None:
    rendered = render({"mode": "kserve", "predictor": {"autoscaling": {"enabled": True, "targetCpuPercent": 70}}})
    service = rendered.one("InferenceService", "assay-v2")
    assert service["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "hpa"
    scaling = {
        key: service["spec"]["predictor"][key] for key in ("minReplicas", "maxReplicas", "scaleMetric", "scaleTarget")
    }
    assert scaling == {"minReplicas": 1, "maxReplicas": 3, "scaleMetric": "cpu", "scaleTarget": 70}
    assert rendered.all("HorizontalPodAutoscaler") == {}


def test_further_fields_and_annotations_are_passed_on() -> None:
    values: Values = {"mode": "kserve", "kserve": {"annotations": {"a": "b"}, "predictor": {"timeout": 30}}}
    service = render(values).one("InferenceService", "assay-v1")
    assert service["metadata"]["annotations"]["a"] == "b"
    assert service["spec"]["predictor"]["timeout"] == 30
