"""The Job that judges and moves: when it is there, what it is called, and what it does not try again."""

import re
from pathlib import Path

import pytest

from promotion.gate.configuration import read_gate_configuration
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from tests.helm.rendering import Object, Values, argument, render

H4 = "sha256:" + "4" * 64
OTHER_JOBS: dict[str, Values] = {
    "another canary": {"canary": {"bundle": {"digest": H4}}},
    "another name of the canary": {"canary": {"revision": "v3"}},
    "another stable revision": {"stable": {"bundle": {"digest": H4}}},
    "another holdout": {"promotion": {"holdout": {"digest": H4}}},
    "another margin": {"promotion": {"gate": {"margin": 0.01}}},
    "more patience with its canary": {"promotion": {"waitReadySeconds": 300}},
    "other steps": {"promotion": {"steps": [50, 100]}},
    "another version": {"image": {"tag": "next"}},
    "another image of the promotion": {"fullImage": {"tag": "next"}},
    "other resources": {"promotion": {"resources": {"requests": {"cpu": "1m"}}}},
    "another way of fetching": {"fetch": {"timeoutSeconds": 7}},
}
THE_SAME_JOB: dict[str, Values] = {
    "nothing": {},
    "more patience": {"promotion": {"backoffLimit": 9, "activeDeadlineSeconds": 60}},
    "more predictors": {"predictor": {"replicas": 3}, "stable": {"replicas": 2}},
    "no exporter": {"exporter": {"enabled": False}},
    "a larger store": {"store": {"persistence": {"size": "9Gi"}}},
}


@pytest.mark.parametrize("values", [{"canary": None}, {"canary": {}, "promotion": {"enabled": False}}], ids=str)
def test_there_is_no_job_without_a_canary_or_where_it_is_not_wanted(values: Values) -> None:
    assert render(values).all("Job") == {}
    assert set(render(values).all("ConfigMap")) == {"assay-rollout"}


@pytest.mark.parametrize("values", OTHER_JOBS.values(), ids=OTHER_JOBS)
def test_whatever_changes_the_judgement_is_another_job(values: Values) -> None:
    assert _name(render(values).promotion()) != _name(render().promotion())


@pytest.mark.parametrize("values", THE_SAME_JOB.values(), ids=THE_SAME_JOB)
def test_the_same_judgement_is_the_same_job(values: Values) -> None:
    there, again = render().promotion(), render(values).promotion()
    assert _name(there) == _name(again)
    assert there["spec"]["template"] == again["spec"]["template"], "what cannot change in a Job has changed"


def test_the_job_is_called_after_what_it_judges_by() -> None:
    assert re.fullmatch("assay-promotion-[0-9a-f]{10}", _name(render().promotion()))


def test_a_verdict_is_not_tried_again_and_a_disruption_does_not_count() -> None:
    spec = render().promotion()["spec"]
    verdict, disruption = spec["podFailurePolicy"]["rules"]
    codes = verdict["onExitCodes"]
    assert (verdict["action"], codes["operator"], codes["containerName"]) == ("FailJob", "In", "promotion")
    assert codes["values"] == [Outcome.REJECT.exit_code, Outcome.INCONCLUSIVE.exit_code]
    assert disruption == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_the_job_ends_and_stays() -> None:
    spec = render().promotion()["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (3, 3600)
    assert spec["podReplacementPolicy"] == "Failed", "two rollouts could run at the same time"
    assert "ttlSecondsAfterFinished" not in spec, "the same values would run it again"


def test_it_is_told_where_everything_is() -> None:
    job = render({"promotion": {"extraArgs": ["--dry-run"]}}).promotion()
    main = job["spec"]["template"]["spec"]["containers"][0]
    given = {
        option: argument(main, option) for option in main["args"] if option.startswith("--") and "dry" not in option
    }
    assert given == {
        "--release": "assay",
        "--namespace": "serving",
        "--job": _name(job),
        "--stable": "v1=http://assay-v1",
        "--stable-digest": "sha256:" + "1" * 64,
        "--canary": "v2=http://assay-v2",
        "--canary-digest": "sha256:" + "2" * 64,
        "--wait-ready-seconds": "120",
        "--holdout": "/holdout/holdout.csv",
        "--config": "/etc/assay/gate.yaml",
        "--gateway-url": "http://envoy-serving-assay-360efa4c.envoy-gateway-system",
        "--gateway-stats-url": "http://gateway-stats.envoy-gateway-system:19001/stats/prometheus",
        "--guardrail-sources": "gateway",
        "--steps": "5,25,50,100",
        "--minimum-requests": "100",
        "--minimum-seconds": "15",
        "--deadline-seconds": "300",
    }
    assert main["args"][-1] == "--dry-run"


def test_it_pauses_waits_and_supersedes_as_the_values_say() -> None:
    waits: Values = {"pauses": {"25": 60, "100": 1_000_000}, "approvals": [50, 100], "approvalSeconds": 900}
    main = render({"promotion": {**waits, "supersede": True}}).promotion()["spec"]["template"]["spec"]["containers"][0]
    assert sorted(argument(main, "--pauses").split(",")) == ["100=1000000", "25=60"]
    assert argument(main, "--approvals") == "50,100"
    assert argument(main, "--approval-seconds") == "900"
    assert "--supersede" in main["args"]


def test_the_holdout_is_fetched_by_digest_before_it_begins() -> None:
    pod = render().promotion()["spec"]["template"]["spec"]
    (fetch,) = pod["initContainers"]
    assert argument(fetch, "--kind") == "holdout"
    assert argument(fetch, "--digest") == "sha256:" + "3" * 64
    assert argument(fetch, "--to") == argument(pod["containers"][0], "--holdout")


@pytest.mark.parametrize(
    ("release", "namespace", "expected"),
    [
        ("assay", "chart-test-a", "envoy-chart-test-a-assay-75ecddff"),
        ("a-rather-long-release-name-26", "chart-test-a", "envoy-chart-test-a-a-rather-long-release-name-26-af38ab94"),
        (
            "a-rather-long-release-name-26",
            "chart-test-a-namespace--with-hyphens-1",
            "envoy-chart-test-a-namespace--with-hyphens-1-a-rather-80c8b479",
        ),
    ],
)
def test_the_gateway_is_found_under_the_name_that_envoy_gateway_gives(
    release: str, namespace: str, expected: str
) -> None:
    """The expected names were read from a cluster with Envoy Gateway 1.9."""
    main = render(release=release, namespace=namespace).promotion()["spec"]["template"]["spec"]["containers"][0]
    assert argument(main, "--gateway-url") == f"http://{expected}.envoy-gateway-system"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"promotion": {"gatewayUrl": "http://edge.example.com:8080"}}, "http://edge.example.com:8080"),
        (
            {"gateway": {"existing": {"name": "assay", "namespace": "chart-test-a"}}},
            "http://envoy-chart-test-a-assay-75ecddff.envoy-gateway-system",
        ),
    ],
    ids=["named", "an existing gateway"],
)
def test_the_gateway_is_asked_where_it_answers(values: Values, expected: str) -> None:
    main = render(values).promotion()["spec"]["template"]["spec"]["containers"][0]
    assert argument(main, "--gateway-url") == expected


def test_no_counts_are_asked_for_where_there_are_none() -> None:
    guardrails = {"sources": ["revisions"]}
    job = render({"promotion": {"gatewayStatsUrl": "", "minimumRequests": 0, "guardrails": guardrails}}).promotion()
    assert "--gateway-stats-url" not in job["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ({}, GatePolicy()),
        (
            {"margin": 0.1, "class_margin": 0.2, "minimum_accuracy": 0.75, "required_classes": ["Shirt", 7]},
            GatePolicy(margin=0.1, class_margin=0.2, minimum_accuracy=0.75, required_classes=("Shirt", "7")),
        ),
    ],
    ids=["defaults", "given"],
)
def test_the_gate_reads_what_the_values_say(gate: Values, expected: GatePolicy, tmp_path: Path) -> None:
    rendered = render({"promotion": {"gate": gate}})
    configuration = rendered.one("ConfigMap", _name(rendered.promotion()))
    (tmp_path / "gate.yaml").write_text(configuration["data"]["gate.yaml"])
    assert read_gate_configuration(tmp_path / "gate.yaml") == expected
    assert configuration["immutable"] is True, "a pod that is replaced would judge by something else"


def _name(job: Object) -> str:
    name: str = job["metadata"]["name"]
    return name


def test_the_guardrails_go_by_the_gateway_s_counts_unless_others_are_named() -> None:
    main = render({}).promotion()["spec"]["template"]["spec"]["containers"][0]
    assert argument(main, "--guardrail-sources") == "gateway"
    assert "--prometheus-url" not in main["args"]


def test_a_prometheus_is_asked_for_the_release_s_namespace_or_by_the_labels_given() -> None:
    guardrails: Values = {"sources": ["gateway", "revisions"], "prometheusUrl": "http://prometheus.monitoring:9090"}
    main = render({"promotion": {"guardrails": guardrails}}).promotion()["spec"]["template"]["spec"]["containers"][0]
    assert argument(main, "--guardrail-sources") == "gateway,revisions"
    assert argument(main, "--prometheus-url") == "http://prometheus.monitoring:9090"
    assert argument(main, "--prometheus-labels").startswith("namespace=")
    guardrails = {**guardrails, "prometheusLabels": {"shop": "north", "job": "assay"}}
    main = render({"promotion": {"guardrails": guardrails}}).promotion()["spec"]["template"]["spec"]["containers"][0]
    assert argument(main, "--prometheus-labels") == "job=assay,shop=north"


def test_its_log_is_lines_unless_json_is_asked_for() -> None:
    assert "--log-format" not in render({}).promotion()["spec"]["template"]["spec"]["containers"][0]["args"]
    main = render({"promotion": {"logFormat": "json"}}).promotion()["spec"]["template"]["spec"]["containers"][0]
    assert argument(main, "--log-format") == "json"
