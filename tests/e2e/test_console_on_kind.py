"""The life of a model on a cluster, through the REST of the console that the chart runs, and the chart's PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from assay.cluster.forwarding import forwarded
from assay.cluster.release import Release
from dataset import write_csv_table
from records.database import open_database
from tests.assay.program import assay
from tests.console.console_process import ConsoleClient, wait_for
from tests.e2e.installed import Installed, no_bundles, require_gateway
from tests.helm.cluster import CONTEXT, namespace
from tests.promotion.kubernetes.manifests import GATEWAY, GATEWAY_NAMESPACE
from tests.promotion.kubernetes.place import GATEWAY_URL
from training.digits import load_digits_parts

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(900)]

HONEST = {"class": "sklearn.linear_model.LogisticRegression", "arguments": {"max_iter": 300}}
SABOTAGED = {"class": "sklearn.tree.DecisionTreeClassifier", "arguments": {"max_depth": 2}}
QUICK: dict[str, Any] = {"steps": [50, 100], "minimum_requests": 10, "minimum_seconds": 0.5, "deadline_seconds": 120}
SLOW: dict[str, Any] = {"steps": [50, 100], "minimum_requests": 10, "minimum_seconds": 600, "deadline_seconds": 600}


class ConsoleInCluster(ConsoleClient):
    """The console of a release, through a port that kubectl forwards."""

    def __init__(self, place: Installed) -> None:
        super().__init__()
        self.place = place
        self._forwarding = ExitStack()

    def connect(self) -> None:
        """To the console's pod of now, once it is ready."""
        self._forwarding.close()
        self.place.kubectl("rollout", "status", "deployment/assay-console", "--timeout=180s")
        self.url = self._forwarding.enter_context(forwarded(self.place.release, "deployment/assay-console", 8070))

    def kill(self) -> None:
        selector = "--selector=app.kubernetes.io/component=console"
        self.place.kubectl("delete", "pod", selector, "--grace-period=0", "--force")

    def close(self) -> None:
        self._forwarding.close()


def test_a_model_lives_on_a_cluster_from_its_data_to_its_feedback(tmp_path: Path) -> None:
    parts = load_digits_parts()
    with _released(tmp_path / "secrets") as console, ExitStack() as until_the_end:
        first = console.train(HONEST)
        assert console.wait_for_experiment(first)["state"] == "finished"
        deployed = console.wait_for_deployment(console.deploy(first))
        assert (deployed["state"], deployed["rollout_id"]) == ("serving", None), deployed
        wait_for(lambda: _predict(console, parts["holdout"].features[0].tolist()).status_code == 200)
        clients = until_the_end.enter_context(console.place.load())

        write_csv_table(parts["part-2"], tmp_path / "part-2.csv")
        added = console.ask("PUT", "/add_data?name=part-2.csv", 201, content=(tmp_path / "part-2.csv").read_bytes())
        assert (added["part"]["number"], added["part"]["rows"]) == (2, 797)
        better = console.train(HONEST)
        assert console.wait_for_experiment(better)["version"] == 2
        sabotaged = console.train(SABOTAGED)
        assert "metrics.json" in console.get(f"/experiments/{better}/files")

        aborted = console.deploy(better, **SLOW)
        wait_for(lambda: _observing(console))
        _give_feedback(console)
        ended = console.ask("POST", "/rollouts/1/abort", json={"reason": "enough seen"})
        assert (ended["rollout"]["state"], ended["rollout"]["code"]) == ("restored", "ABORTED")
        assert console.wait_for_deployment(aborted)["state"] == "withdrawn"

        deployment = console.deploy(better, **QUICK)
        wait_for(lambda: len(console.get("/rollouts")) == 2)
        console.kill()  # while its rollout goes on
        console.connect()
        promoted = console.wait_for_deployment(deployment)
        assert (promoted["state"], promoted["outcome"], promoted["rollout_id"]) == ("serving", "PROMOTE", 2), promoted
        wait_for(lambda: console.get("/deployments/1")["state"] == "retired")

        assert console.wait_for_experiment(sabotaged)["state"] == "finished"
        refused = console.wait_for_deployment(console.deploy(sabotaged, **QUICK))
        assert (refused["state"], refused["outcome"]) == ("withdrawn", "REJECT"), refused

        _upgrade(console)
        assert (console.get("/health")["serving"], console.get("/health")["problem"]) == ("v3", "")
        wait_for(lambda: _revisions(console) == {"assay-v3"})
        assert clients.wait_for_more(50).keys() == {"v3"}
        assert clients.failures == []
        _require_records(console.place, tmp_path / "secrets")
        console.place.helm("uninstall", "assay")
        wait_for(lambda: not any(console.place.get(kind) for kind in ("deployments", "jobs", "httproutes", "pods")))


@contextmanager
def _released(secrets: Path) -> Iterator[ConsoleInCluster]:
    require_gateway()
    assert assay("db", "secrets", secrets, "--host", "assay-database").code == 0
    with namespace() as made:
        made.kubectl("create", "secret", "generic", "records", f"--from-file={secrets}")
        hostname = f"{made.name}.test"
        values = {
            "image": {"tag": "dev"},
            "console": {
                "enabled": True,
                "extraArgs": ["--holdout", "digits:holdout", "--data", "digits:part-1"],
            },
            "database": {"secretName": "records", "bundled": {"enabled": True}},
            "predictor": {
                "recording": {"enabled": True, "sink": "database"},
                "preStopSeconds": 2,
                "drainSeconds": 1,
            },
            "promotion": {"gate": {"margin": 0.05, "class_margin": 0.15, "guardrails": {"watched": ["errors"]}}},
            "gateway": {"existing": {"name": GATEWAY, "namespace": GATEWAY_NAMESPACE}, "hostnames": [hostname]},
        }
        place = Installed(Release(CONTEXT, "assay", made.name), hostname, no_bundles(), values)
        place.release.apply(values)
        console = ConsoleInCluster(place)
        try:
            console.connect()
            yield console
        finally:
            console.close()


def _predict(console: ConsoleInCluster, row: list[float]) -> httpx.Response:
    headers = {"host": console.place.hostname}
    return httpx.post(f"{GATEWAY_URL}/classify", json={"row": row}, headers=headers, timeout=30, trust_env=False)


def _observing(console: ConsoleInCluster) -> bool:
    rollouts = console.get("/rollouts")
    return bool(rollouts) and rollouts[-1]["state"] == "observing"


def _give_feedback(console: ConsoleInCluster) -> None:
    """Of rows that nobody has labelled yet, changed a little so that they stand in no holdout."""
    holdout, given = load_digits_parts()["holdout"], []
    for row in range(100, 110):
        changed = [min(16.0, value + 1) for value in holdout.features[row].tolist()]
        answer = _predict(console, changed)
        assert answer.status_code == 200
        given.append({"request_id": answer.headers["x-request-id"], "label": holdout.labels[row]})

    def taken() -> Any:
        found = console.ask("POST", "/feedback", json={"labels": given})
        return None if found["unknown"] else found

    assert wait_for(taken)["contradicting"] == []
    part = console.ask("POST", "/feedback/part", 201, json={"minimum_rows": 10})
    assert (part["rows"], part["source"]) == (10, "feedback")


def _upgrade(console: ConsoleInCluster) -> None:
    """Somebody changes the chart's values after a promotion."""
    changed = {**console.place.values, "exporter": {"enabled": False}}
    changed["predictor"] = {**changed["predictor"], "preStopSeconds": 3}
    console.place.release.apply(changed)
    console.connect()
    served = ("get", "deployment", "assay-v3", "--output=json")

    def is_changed() -> bool:
        pod = orjson.loads(console.place.kubectl(*served))["spec"]["template"]["spec"]
        return bool(pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == 3)

    wait_for(is_changed)
    console.place.release.wait_available("assay-v3")


def _revisions(console: ConsoleInCluster) -> set[str]:
    found = console.place.get("deployments", "--selector=app.kubernetes.io/component=predictor")
    return {one["metadata"]["name"] for one in found}


def _require_records(place: Installed, secrets: Path) -> None:
    """What was done stands in the chart's PostgreSQL, for an analyst to ask."""
    with forwarded(place.release, "service/assay-database", 5432) as database_url:
        password = (secrets / "analyst-password").read_text()
        url = f"postgresql://assay_analyst:{password}@{database_url.removeprefix('http://')}/records"
        asked = assay("db", "query", "slowest-predictions", "--json", environment={"ASSAY_DATABASE_URL": url})
        assert asked.code == 0, asked.stderr
        assert len(asked.json()["rows"]) == 20
        database = open_database(url)
        with database.connect() as connection:

            def ask(sql: str) -> list[tuple[object, ...]]:
                return [tuple(row) for row in connection.execute(text(sql))]

            states = [(number, "finished") for number in (1, 2, 3)]
            assert ask("SELECT id, state FROM experiments ORDER BY id") == states
            outcomes = [("INCONCLUSIVE", "ABORTED"), ("PROMOTE", None), ("REJECT", None)]
            assert ask("SELECT outcome, code FROM rollouts ORDER BY number") == outcomes
            served = "SELECT revision, retired_at IS NULL FROM deployments WHERE role = 'stable' ORDER BY deployed_at"
            assert ask(served) == [("v1", False), ("v3", True)]
            assert ask("SELECT count(*) FROM feedback") == [(10,)]
            assert ask("SELECT count(DISTINCT bundle_digest) FROM predictions") == [(3,)]
        database.dispose()
