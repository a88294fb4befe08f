"""The life of a model through the console's REST, with real processes, and the console killed in the middle of it."""

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import text

from assay.labelled_data import load_rows
from dataset import write_csv_table
from records.database import open_database
from tests.assay.pipeline_repository import STAGES, Repository
from tests.assay.program import assay, free_ports, train
from tests.console.console_process import PATIENCE_SECONDS, ConsoleProcess, wait_for
from tests.tracking_stores import copy_of

HONEST = {"class": "sklearn.linear_model.LogisticRegression", "arguments": {"max_iter": 300}}
SABOTAGED = {"class": "sklearn.tree.DecisionTreeClassifier", "arguments": {"max_depth": 2}}
QUICK: dict[str, Any] = {"steps": [50, 100], "minimum_requests": 10, "minimum_seconds": 0.5, "deadline_seconds": 120}
SLOW: dict[str, Any] = {"steps": [50, 100], "minimum_requests": 10, "minimum_seconds": 600, "deadline_seconds": 600}


@pytest.fixture(scope="module")
def tracking_url(tmp_path_factory: pytest.TempPathFactory, empty_tracking_database: Path) -> str:
    """Of a store with two experiments: one that DVC has trained, and a sabotaged one."""
    folder = tmp_path_factory.mktemp("trained")
    url = copy_of(empty_tracking_database, folder)
    repository = Repository(folder, {"ASSAY_TRACKING_URL": url})
    data = {"training": ["digits:part-1"], "holdout": "digits:holdout", "title": None, "link": None}
    repository.set(model={"name": "digits"}, estimator=HONEST, dataset=data)
    repository.commit()
    assert repository.repro() == STAGES
    (folder / "sabotaged.yaml").write_text(yaml.safe_dump({"model": {"name": "digits"}, "estimator": SABOTAGED}))
    train(folder / "sabotaged", "digits:part-1", more=["--params", str(folder / "sabotaged.yaml"), "--track", url])
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a new database with the data set's own rows."""
    url = f"sqlite:///{tmp_path / 'records.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").empty_database()
    for arguments in (("create",), ("load-dataset", "digits")):
        done = assay("db", *arguments, environment={"ASSAY_DATABASE_URL": url})
        assert done.code == 0, done.stderr
    return url


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_model_lives_from_its_data_to_its_feedback(
    tmp_path: Path, tracking_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_TRACKING_URL", tracking_url)
    monkeypatch.setenv("ASSAY_DATABASE_URL", database_url)
    gate = tmp_path / "gate.yaml"
    gate.write_text("format: 1\nmargin: 0.05\nclass_margin: 0.15\nlive_labels:\n  lag_seconds: 0\n")
    begin = ["--holdout", "digits:holdout", "--data", "digits:part-1", "--gate", gate]
    (port,) = free_ports(1)
    console = ConsoleProcess(tmp_path / "console", port, *begin)
    holdout = load_rows("digits:holdout")
    with console, ExitStack() as until_the_end:
        assert (console.adopt(1)["state"], console.adopt(2)["bundle_digest"] is None) == ("finished", False)
        deployed = console.wait_for_deployment(console.deploy(1))
        assert (deployed["state"], deployed["rollout_id"]) == ("serving", None)
        traffic = until_the_end.enter_context(SteadyClient(console.gateway_url, holdout.features.tolist()[0]))

        write_csv_table(load_rows("digits:part-2"), tmp_path / "part-2.csv")
        added = console.ask("PUT", "/add_data?name=part-2.csv", 201, content=(tmp_path / "part-2.csv").read_bytes())
        assert (added["part"]["number"], added["part"]["rows"]) == (2, 797)
        better = console.train(HONEST)
        assert console.wait_for_experiment(better)["version"] == 2
        assert "metrics.json" in console.get(f"/experiments/{better}/files")

        aborted = console.deploy(better, **SLOW)
        wait_for(lambda: _observing(console))
        _give_feedback(console, holdout.features.tolist()[100:130], holdout.labels[100:130])
        ended = console.ask("POST", "/rollouts/1/abort", json={"reason": "enough seen"})
        assert (ended["rollout"]["state"], ended["rollout"]["code"]) == ("restored", "ABORTED")
        assert console.wait_for_deployment(aborted)["state"] == "withdrawn"

        deployment = console.deploy(better, **QUICK)
        wait_for(lambda: len(console.get("/rollouts")) == 2 or None)
        if database_url.startswith("sqlite"):
            console.kill()  # while its rollout goes on
            console.start()
        promoted = console.wait_for_deployment(deployment)
        assert (promoted["state"], promoted["outcome"], promoted["rollout_id"]) == ("serving", "PROMOTE", 2)
        wait_for(lambda: console.get("/deployments/1")["state"] == "retired" or None)

        refused = console.wait_for_deployment(console.deploy(2, **QUICK))
        assert (refused["state"], refused["outcome"]) == ("withdrawn", "REJECT")
        assert console.get("/health") == {"serving": "v3", "gateway_url": console.gateway_url, "problem": ""}
        until_the_end.close()
        assert traffic.codes == {200}
        assert console.stop() == 0
        assert "what goes on without it: " in console.said()
        assert httpx.get(f"{console.gateway_url}/v2/health/ready", trust_env=False).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{console.gateway_url}/v2/health/ready", trust_env=False)
    _require_records(database_url, [1, 2, better])


class SteadyClient:
    """Asks the gateway all the time, on a thread of its own, and keeps the codes of its answers."""

    def __init__(self, gateway_url: str, row: list[float]) -> None:
        self.codes: set[int] = set()
        self._url, self._row = f"{gateway_url}/classify", row
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "SteadyClient":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False, verify=False) as client:  # noqa: S501  # there is no TLS
            while not self._stop.wait(0.1):
                self.codes.add(client.post(self._url, json={"row": self._row}).status_code)


def _observing(console: ConsoleProcess) -> bool | None:
    rollouts = console.get("/rollouts")
    return True if rollouts and rollouts[-1]["state"] == "observing" else None


def _give_feedback(console: ConsoleProcess, rows: list[list[float]], labels: tuple[str, ...]) -> None:
    """Of rows that nobody has labelled yet, changed a little so that they stand in no holdout."""
    given = []
    for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
        asked = console.predict([min(16.0, value + 1) for value in row], f"asked-{number}")
        assert asked.status_code == 200
        given.append({"request_id": f"asked-{number}", "label": label})

    def all_are_known() -> dict[str, object] | None:
        taken: dict[str, object] = console.ask("POST", "/feedback", json={"labels": given})
        return None if taken["unknown"] else taken

    taken = wait_for(all_are_known)
    assert (taken["rollout_id"], taken["contradicting"]) == (1, [])

    def all_are_scored() -> bool | None:
        found = console.get("/rollouts/1")["rollout"]["labels"]
        return (found is not None and found["stable"]["labelled"] + found["canary"]["labelled"] == len(rows)) or None

    wait_for(all_are_scored)
    part = console.ask("POST", "/feedback/part", 201, json={"minimum_rows": len(rows)})
    assert (part["rows"], part["source"]) == (len(rows), "feedback")
    console.ask("POST", "/feedback/part", 422, json={"minimum_rows": 1})  # all are in the data set now


def _require_records(database_url: str, experiments: list[int]) -> None:
    """What the console did stands in the database of records, too."""
    database = open_database(database_url)
    with database.connect() as connection:

        def ask(sql: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.execute(text(sql))]

        states = [(number, "finished") for number in experiments]
        assert ask("SELECT id, state FROM experiments ORDER BY id") == states
        outcomes = [("INCONCLUSIVE", "ABORTED"), ("PROMOTE", None), ("REJECT", None)]
        assert ask("SELECT outcome, code FROM rollouts ORDER BY number") == outcomes
        assert ask("SELECT verdict FROM verdicts ORDER BY decided_at") == [("PROMOTE",), ("PROMOTE",), ("REJECT",)]
        served = "SELECT revision, retired_at IS NULL FROM deployments WHERE role = 'stable' ORDER BY deployed_at"
        assert ask(served) == [("v1", False), ("v3", True)]
        rows = "SELECT p.name, p.role, p.rows FROM dataset_parts p JOIN datasets d ON d.id = p.dataset_id "
        parts = ask(f"{rows} WHERE d.name = 'console' AND p.role = 'training' ORDER BY p.id")
        assert parts == [("part-1", "training", 200), ("part-2", "training", 797), ("part-3", "training", 30)]
        assert len(ask(f"{rows} WHERE d.name = 'digits'")) == 3
        assert ask("SELECT count(*) FROM feedback") == [(30,)]
        asked = "SELECT count(DISTINCT bundle_digest), count(*) >= 1600 FROM predictions"
        assert ask(asked) == [(3, True)]
    database.dispose()
