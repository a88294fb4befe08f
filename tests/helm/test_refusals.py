"""Values that are refused, each with a message that says which and why."""

import pytest

from tests.helm.rendering import CHART, Refused, Values, helm, render

BY_THE_SCHEMA: dict[str, tuple[Values, str]] = {
    "no stable revision": ({"stable": None}, "missing property 'stable'"),
    "an unknown value": ({"replicaCount": 3}, "additional properties 'replicaCount' not allowed"),
    "an unknown value further in": (
        {"predictor": {"replica": 3}},
        "at '/predictor': additional properties 'replica' not allowed",
    ),
    "an unknown key of a revision": ({"canary": {"weight": 10}}, "additional properties 'weight' not allowed"),
    "a revision without a bundle": ({"stable": {"bundle": None}}, "at '/stable/bundle': got null, want object"),
    "a canary without a name": ({"canary": {"revision": None}}, "at '/canary/revision': got null, want string"),
    "a name with capitals": ({"stable": {"revision": "V1"}}, "at '/stable/revision': 'V1' does not match pattern"),
    "a name that is too long": ({"canary": {"revision": "v" * 21}}, "at '/canary/revision'"),
    "a name that the chart needs": ({"stable": {"revision": "store"}}, "at '/stable/revision': 'not' failed"),
    "a number as a name": ({"stable": {"revision": 1}}, "at '/stable/revision': got number, want string"),
    "a digest without its algorithm": ({"stable": {"bundle": {"digest": "a" * 64}}}, "at '/stable/bundle/digest'"),
    "a digest that is cut short": ({"canary": {"bundle": {"digest": "sha256:2222"}}}, "at '/canary/bundle/digest'"),
    "a holdout by name": ({"promotion": {"holdout": {"digest": "digits"}}}, "at '/promotion/holdout/digest'"),
    "an unknown kind of source": ({"stable": {"bundle": {"from": "ftp://a/b"}}}, "at '/stable/bundle/from'"),
    "a password in a source": ({"stable": {"bundle": {"from": "https://a:b@c/d"}}}, "at '/stable/bundle/from'"),
    "a bucket without a key": ({"stable": {"bundle": {"from": "s3://models/"}}}, "at '/stable/bundle/from'"),
    "a key in a bucket's address": (
        {"promotion": {"holdout": {"from": "s3://key:secret@models/rows.csv"}}},
        "at '/promotion/holdout/from'",
    ),
    "a credential in the open": (
        {"fetch": {"extraEnvFrom": ["secret"]}},
        "at '/fetch/extraEnvFrom/0': got string, want object",
    ),
    "an image by half a digest": ({"image": {"digest": "sha256:12"}}, "at '/image/digest'"),
    "an unknown pull policy": ({"image": {"pullPolicy": "Sometimes"}}, "at '/image/pullPolicy': value must be one of"),
    "an unknown mode": ({"mode": "knative"}, "at '/mode': value must be one of 'deployment', 'kserve'"),
    "no pods": ({"predictor": {"replicas": 0}}, "at '/predictor/replicas': minimum: got 0, want 1"),
    "half a pod": ({"predictor": {"replicas": 1.5}}, "at '/predictor/replicas': got number, want integer"),
    "no pause before the end": ({"predictor": {"preStopSeconds": 0}}, "at '/predictor/preStopSeconds'"),
    "a drain of days": ({"predictor": {"drainSeconds": 90000}}, "at '/predictor/drainSeconds': maximum"),
    "a setting that is none": ({"predictor": {"settings": {"threads": 1}}}, "at '/predictor/settings'"),
    "a setting out of its range": (
        {"predictor": {"settings": {"inferenceThreads": 257}}},
        "at '/predictor/settings/inferenceThreads': maximum: got 257, want 256",
    ),
    "records on no disk": (
        {"predictor": {"recording": {"enabled": True, "diskBytes": 1000}}},
        "at '/predictor/recording/diskBytes': minimum: got 1,000",
    ),
    "a claim by a path": (
        {"predictor": {"recording": {"existingClaim": "claims/records"}}},
        "at '/predictor/recording/existingClaim'",
    ),
    "a label selector of one's own": (
        {"predictor": {"topologySpreadConstraints": [{"labelSelector": {}}]}},
        "at '/predictor/topologySpreadConstraints/0/labelSelector'",
    ),
    "memory in words": (
        {"store": {"resources": {"limits": {"memory": "much"}}}},
        "at '/store/resources/limits/memory'",
    ),
    "a variable without a name": ({"pod": {"extraEnv": [{"value": "x"}]}}, "at '/pod/extraEnv/0': missing property"),
    "a margin of everything": ({"promotion": {"gate": {"margin": 1}}}, "at '/promotion/gate/margin': maximum"),
    "no margin": ({"promotion": {"gate": {"class_margin": 0}}}, "exclusiveMinimum: got 0, want 0"),
    "a misspelt gate": ({"promotion": {"gate": {"margins": 0.1}}}, "additional properties 'margins' not allowed"),
    "a step beyond everything": ({"promotion": {"steps": [50, 101]}}, "at '/promotion/steps/1': maximum"),
    "no steps": ({"promotion": {"steps": []}}, "at '/promotion/steps': minItems"),
    "HTTPS without a secret": ({"gateway": {"tls": {"enabled": True}}}, "at '/gateway/tls/secretName'"),
    "a certificate for nobody": (
        {"gateway": {"tls": {"enabled": True, "secretName": "a", "issuer": {"name": "b"}}}},
        "at '/gateway/hostnames': minItems",
    ),
    "an unknown issuer": ({"gateway": {"tls": {"issuer": {"kind": "CA"}}}}, "at '/gateway/tls/issuer/kind'"),
    "a host name with a path": ({"gateway": {"hostnames": ["a.example.com/b"]}}, "at '/gateway/hostnames/0'"),
    "a gateway without a scheme": ({"promotion": {"gatewayUrl": "edge:80"}}, "at '/promotion/gatewayUrl'"),
    "unknown discovery": ({"metrics": {"discovery": "yes"}}, "at '/metrics/discovery': value must be one of"),
    "a port that is none": ({"networkPolicy": {"apiServerPorts": [70000]}}, "at '/networkPolicy/apiServerPorts/0'"),
}

KNATIVE = "works on Knative only, and the chart uses KServe's Standard mode"
BY_THE_TEMPLATES: dict[str, tuple[Values, str]] = {
    "two revisions of one name": (
        {"canary": {"revision": "v1"}},
        "stable and canary are both called v1; a revision never changes, so a new bundle needs a new name",
    ),
    "a canary without a holdout": (
        {"promotion": {"holdout": {"digest": ""}}},
        "promotion.holdout.digest is empty, so nothing can judge the canary",
    ),
    "falling steps": ({"promotion": {"steps": [50, 5, 100]}}, "promotion.steps are [50 5 100]; expected rising"),
    "steps that do not arrive": (
        {"promotion": {"steps": [5, 50]}},
        "promotion.steps are [5 50]; expected 100 at the end",
    ),
    "a bundle from no store": (
        {"store": {"enabled": False}, "canary": {"bundle": {"from": "file:///b"}}},
        "stable.bundle.from is empty, which means the chart's store, but store.enabled is false",
    ),
    "a holdout from no store": (
        {
            "store": {"enabled": False},
            "stable": {"bundle": {"from": "file:///a"}},
            "canary": {"bundle": {"from": "file:///b"}},
        },
        "promotion.holdout.from is empty",
    ),
    "HTTPS on somebody else's gateway": (
        {"gateway": {"existing": {"name": "shared"}, "tls": {"enabled": True, "secretName": "a"}}},
        "gateway.tls is for a Gateway that the chart makes, but gateway.existing names shared",
    ),
    "requests that nobody counts": (
        {"promotion": {"gatewayStatsUrl": ""}},
        "promotion.gatewayStatsUrl is empty, so no step would see its requests",
    ),
    "a pause before no step": (
        {"promotion": {"pauses": {"30": 60}}},
        "promotion.pauses and promotion.approvals name 30 %, which is none of promotion.steps, [5 25 50 100]",
    ),
    "a wait that the Job does not live to see": (
        {"promotion": {"approvals": [100], "approvalSeconds": 3600}},
        "promotion.activeDeadlineSeconds is not above promotion.approvalSeconds",
    ),
    "fewer at most than at least": (
        {"predictor": {"autoscaling": {"minReplicas": 5, "maxReplicas": 2}}},
        "predictor.autoscaling.minReplicas is above maxReplicas",
    ),
    "two metrics on KServe": (
        {"mode": "kserve", "predictor": {"autoscaling": {"enabled": True, "targetQueueDepth": 8}}},
        "predictor.autoscaling.targetQueueDepth is not for mode kserve",
    ),
    "Knative's canary": (
        {"mode": "kserve", "kserve": {"predictor": {"canaryTrafficPercent": 10}}},
        f"kserve.predictor.canaryTrafficPercent {KNATIVE}: it would not split: the split is the route assay-split",
    ),
    "KServe's own canary": (
        {"mode": "kserve", "kserve": {"predictor": {"canary": {}}}},
        f"kserve.predictor.canary {KNATIVE}: KServe refuses it on a custom predictor",
    ),
    "Knative's concurrency": (
        {"mode": "kserve", "kserve": {"predictor": {"containerConcurrency": 4}}},
        f"kserve.predictor.containerConcurrency {KNATIVE}: nothing would enforce it",
    ),
    "Knative's autoscaler": (
        {"mode": "kserve", "kserve": {"annotations": {"autoscaling.knative.dev/target": "1"}}},
        "kserve.annotations has autoscaling.knative.dev/target, which works on Knative only",
    ),
    "another deployment mode": (
        {"mode": "kserve", "kserve": {"annotations": {"serving.kserve.io/deploymentMode": "Knative"}}},
        "kserve.annotations has serving.kserve.io/deploymentMode",
    ),
    "scaling to nothing": (
        {"mode": "kserve", "kserve": {"predictor": {"minReplicas": 0}}},
        "kserve.predictor.minReplicas is written by the chart; set predictor.replicas or predictor.autoscaling",
    ),
    "another container": (
        {"mode": "kserve", "kserve": {"predictor": {"containers": []}}},
        "kserve.predictor.containers is written by the chart",
    ),
}


@pytest.mark.parametrize(("values", "message"), BY_THE_SCHEMA.values(), ids=BY_THE_SCHEMA)
def test_a_value_that_cannot_be_is_refused_with_its_place(values: Values, message: str) -> None:
    with pytest.raises(Refused) as refused:
        render(values)
    assert "values don't meet the specifications of the schema" in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize(("values", "message"), BY_THE_TEMPLATES.values(), ids=BY_THE_TEMPLATES)
def test_values_that_do_not_go_together_are_refused_with_the_reason(values: Values, message: str) -> None:
    with pytest.raises(Refused) as refused:
        render(values)
    assert message in str(refused.value)


def test_without_values_the_chart_says_what_it_needs() -> None:
    with pytest.raises(Refused) as refused:
        helm("template", "assay", str(CHART))
    assert "stable is empty; name the revision that serves, or set console.enabled" in str(refused.value)


@pytest.mark.parametrize("release", ["1-assay", "a.b", "a" * 31])
def test_a_release_whose_services_could_not_be_called_so_is_refused(release: str) -> None:
    with pytest.raises(Refused) as refused:
        render(release=release)
    assert f'the release is called "{release}"; expected a lower-case letter first' in str(refused.value)
