"""The commands of README's Kubernetes section on a real cluster: a better model is promoted, a sabotaged one is not.

Clients send requests to the gateway all the time, and not one may fail.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import orjson
import pytest

from assay.cluster.tools import ask, succeeds
from assay.demo.client_traffic import ClientTraffic
from assay.demo.data import write_wrong_labels
from tests.assay.program import Finished, assay, train
from tests.e2e.installed import require_cluster_and_image
from tests.helm.cluster import CONTEXT
from tests.helm.dashboards import read_queries
from tests.helm.rendering import CHART
from tests.promotion.kubernetes.place import wait_until
from training.digits import load_digits_parts

REPOSITORY = Path(__file__).parents[2]
GATEWAY = "http://127.0.0.1:8080"
PROMETHEUS = "/api/v1/namespaces/monitoring/services/prometheus:http/proxy"
DASHBOARD = CHART / "dashboards" / "serving.json"
CANARY_CLUSTER = "httproute/assay/assay-split/rule/0/backend/1"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A release whose stable revision v1 was trained on part 1; the directory of the bundles."""
    require_cluster_and_image()
    _uninstall()
    bundles = tmp_path_factory.mktemp("bundles")
    first = train(bundles, "digits:part-1")
    _make("deliver", f"CANDIDATE={first['bundle']}")
    yield bundles
    _uninstall()


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_a_better_canary_takes_the_traffic_and_a_sabotaged_one_does_not(deployed: Path, tmp_path: Path) -> None:
    parts = ("digits:part-1", "digits:part-2")
    better = train(deployed, *parts, more=["--model-version", "2"])
    write_wrong_labels(parts, tmp_path / "wrong.csv")
    sabotaged = train(deployed, str(tmp_path / "wrong.csv"), more=["--model-version", "3"])
    rows = load_digits_parts()["holdout"].first(20).features.tolist()
    with ClientTraffic(f"{GATEWAY}/classify", rows) as traffic:
        promoted = _cluster("canary", "--bundle", better["bundle"])
        assert promoted.code == 0, promoted.stdout + promoted.stderr
        assert "asked 100 %, observed 100.0 %" in promoted.stdout
        assert _serving_digest() == better["digest"]
        assert f"{better['digest']} serves, and is in build/current" in _make("current")
        assert f"{better['digest']} serves already" in _make("deliver", f"CANDIDATE={better['bundle']}")
        rejected = _cluster("canary", "--bundle", sabotaged["bundle"])
        assert rejected.code == 10, rejected.stdout + rejected.stderr
        assert "REJECT: the canary is worse" in rejected.stdout
        assert _serving_digest() == better["digest"]
        assert "no split" in _cluster("traffic").stdout or "100 % assay-v2" in _cluster("traffic").stdout
    assert traffic.failed == []
    assert {request.revision for request in traffic.requests} == {"v1", "v2"}


@pytest.mark.slow
@pytest.mark.cluster
def test_prometheus_has_seen_the_rollout_the_split_and_the_revisions(deployed: Path) -> None:
    """What the rollouts of the test before left behind: the exporter's record, the proxies' and predictors' counts."""
    if not succeeds("kubectl", "--context", CONTEXT, "get", "--raw", f"{PROMETHEUS}/-/ready"):
        pytest.skip("no Prometheus in the cluster; `make cluster PROMETHEUS=1` makes one")
    for query in (
        'assay_rollout_outcome{namespace="assay",outcome="REJECT"} == 1',
        # the gateway forgets what it counted on a route with the route; Prometheus does not
        f'last_over_time(envoy_cluster_upstream_rq_total{{envoy_cluster_name="{CANARY_CLUSTER}"}}[15m]) > 0',
        'sum by (revision) (assay_requests_total{namespace="assay",route="/classify",revision="v2"}) > 0',
        "assay_store_contents > 0",
    ):
        _wait_for(query)
    for asked in read_queries(DASHBOARD):
        _wait_for(f"last_over_time(({asked.of('assay', '1m')})[20m:15s])", asked.panel)
    wait_until(
        lambda: _query('up{job="assay",namespace="assay"} == 0') == [],
        lambda: "a pod is not scraped",
        timeout_seconds=60,
    )
    rules = orjson.loads(ask("kubectl", "--context", CONTEXT, "get", "--raw", f"{PROMETHEUS}/api/v1/rules"))
    (group,) = rules["data"]["groups"]
    assert {rule["health"] for rule in group["rules"]} == {"ok"}


def _wait_for(query: str, panel: str = "") -> None:
    wait_until(lambda: _query(query) != [], lambda: f"{panel} {query}: nothing", timeout_seconds=60)


def _query(query: str) -> list[object]:
    path = f"{PROMETHEUS}/api/v1/query?{urlencode({'query': query})}"
    found: list[object] = orjson.loads(ask("kubectl", "--context", CONTEXT, "get", "--raw", path))["data"]["result"]
    return found


def _serving_digest() -> str:
    return str(httpx.get(f"{GATEWAY}/metadata", trust_env=False).json()["bundle_digest"])


def _make(*arguments: str) -> str:
    command = ["make", "--silent", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _cluster(*arguments: str) -> Finished:
    return assay("cluster", *arguments, timeout=600)


def _uninstall() -> None:
    place = ["--kube-context", CONTEXT, "--namespace", "assay"]
    subprocess.run(["helm", "uninstall", "assay", *place, "--wait"], capture_output=True, check=False, timeout=180)
