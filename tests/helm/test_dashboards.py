"""The Grafana dashboards: each panel asks a question that Prometheus understands, about metrics that there are.

That a real rollout gives each of them data, tests/e2e/test_canary_on_kind.py shows; of recording, it is here.
"""

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import httpx
import orjson
import pytest
import yaml

from tests.helm.dashboards import DASHBOARDS, read_panels, read_queries
from tests.helm.rendering import render
from tests.predictor.bundles import write_contrary_bundle
from tests.predictor.server_process import ServerProcess, wait_for
from tests.promotion.guardrails.running_prometheus import run_prometheus

METRICS = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
"""Made from the programs' registries; tests/documentation holds it to them."""


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_prometheus_understands_each_question(path: Path, tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on the PATH: apt-get install prometheus")
    rules = [
        {"record": f"panel:{number}", "expr": query.of("assay", "5m")}
        for number, query in enumerate(read_queries(path))
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    command = ["promtool", "check", "rules", str(tmp_path / "rules.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_panels_are_about_metrics_that_there_are(path: Path) -> None:
    there = set(re.findall(r"`(assay_\w+)`", METRICS.read_text()))
    for query in read_queries(path):
        for name in re.findall(r"assay_\w+", query.expression):
            assert {name, re.sub(r"_(bucket|sum|count)$", "", name)} & there, (query.panel, name)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_panels_fill_the_page_without_overlap_and_say_what_they_show(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in read_panels(path):
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["description"].endswith("."), panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
    numbers = [panel["id"] for panel in orjson.loads(path.read_bytes())["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.slow
def test_a_predictor_that_records_gives_each_panel_of_records_data(tmp_path: Path) -> None:
    bundle = write_contrary_bundle(tmp_path / "bundle")
    (records,) = [path for path in DASHBOARDS if path.name == "records.json"]
    with (
        ServerProcess(bundle.path, tmp_path / "log", record=f"jsonl:{tmp_path / 'records'}") as process,
        process.wait_until_ready().client() as client,
        run_prometheus(tmp_path, [process.url]) as prometheus,
    ):

        def has_data(question: str) -> bool:
            client.post("/classify", json=[1.0, 0.0, 0.0, 0.0]).raise_for_status()
            try:
                answer = httpx.get(f"{prometheus.url}/api/v1/query", params={"query": question}, trust_env=False)
            except httpx.TransportError:  # it is starting
                return False
            return answer.is_success and bool(answer.json()["data"]["result"])

        for query in read_queries(records):
            wait_for(partial(has_data, query.of("ns", "10s")), process.is_running)


def test_they_are_a_config_map_where_that_is_asked_for() -> None:
    config = render({"metrics": {"dashboards": {"enabled": True}}}).one("ConfigMap", "assay-dashboards")
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert {name: orjson.loads(text) for name, text in config["data"].items()} == {
        path.name: orjson.loads(path.read_bytes()) for path in DASHBOARDS
    }
    assert "assay-dashboards" not in render().all("ConfigMap")
