"""The alerts: each fires when it should, is about metrics that there are, and is in the runbook."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from content_store.metrics import StoreMetrics
from content_store.store_directory import StoreDirectory
from predictor.identity import ModelIdentity
from predictor.metrics import PredictorMetrics
from promotion.rollout.metrics import rollout_metrics
from promotion.rollout.record import RolloutPlan, StepObservation
from promotion.routers.request_counts import RequestCounts
from tests.helm.rendering import CHART, Object, render
from tests.promotion.rollout.events import begun

ALERTS = CHART / "alerts.yaml"
TESTS = Path(__file__).with_name("alerts_test.yaml")
RUNBOOK = Path(__file__).parents[2] / "docs" / "alerts.md"


def read_rules() -> dict[str, Object]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_each_alert_fires_when_it_should(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on the PATH: apt-get install prometheus")
    for file in (ALERTS, TESTS):
        shutil.copy(file, tmp_path)
    command = ["promtool", "test", "rules", TESTS.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_test_in_which_it_fires() -> None:
    tested = [one for each in yaml.safe_load(TESTS.read_text())["tests"] for one in each["alert_rule_test"]]
    assert {one["alertname"] for one in tested if one["exp_alerts"]} == set(read_rules())


def test_alerts_are_about_metrics_that_there_are(tmp_path: Path) -> None:
    seen = StepObservation(5, RequestCounts(95, 5, 0), 0.9, 3.0, RequestCounts(95, 5, 0))
    predictor = PredictorMetrics(CollectorRegistry())
    identity = ModelIdentity(model="m", version="1", revision="v1", bundle_digest="sha256:1")
    predictor.count_request("http", "/classify", identity, 200, 0.1)
    counted = b"".join(
        [
            rollout_metrics(replace(begun(RolloutPlan()), observations=(seen,))),
            predictor.exposition(),
            StoreMetrics(StoreDirectory.open(tmp_path), CollectorRegistry()).exposition(),
        ]
    ).decode()
    there = set(re.findall(r"^(assay_\w+)", counted, re.MULTILINE))
    for alert, rule in read_rules().items():
        assert set(re.findall(r"assay_\w+", rule["expr"])) <= there, alert


@pytest.mark.parametrize("alert", read_rules())
def test_the_runbook_says_what_to_do(alert: str) -> None:
    assert f"\n## {alert}\n" in RUNBOOK.read_text()


def test_the_operator_gets_the_same_rules_where_they_are_asked_for() -> None:
    assert render().all("PrometheusRule") == {}
    alerts = {"enabled": True, "labels": {"prometheus": "main"}}
    rule = render({"metrics": {"alerts": alerts}}).one("PrometheusRule", "assay")
    assert rule["metadata"]["labels"]["prometheus"] == "main"
    assert rule["spec"] == yaml.safe_load(ALERTS.read_text())
