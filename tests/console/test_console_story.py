"""The life of a model through the console's REST, with real processes, and the console killed in the middle of it."""

import os
import signal
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from assay.demo.client_traffic import ClientTraffic
from assay.labelled_data import load_rows
from dataset import write_csv_table
from tests.assay.program import free_ports
from tests.console.console_process import ConsoleProcess, wait_for

HONEST = {"class": "sklearn.linear_model.LogisticRegression", "arguments": {"max_iter": 300}}
SABOTAGED = {"class": "sklearn.tree.DecisionTreeClassifier", "arguments": {"max_depth": 2}}
QUICK: dict[str, Any] = {"steps": [50, 100], "minimum_requests": 10, "minimum_seconds": 0.5, "deadline_seconds": 120}
SLOW: dict[str, Any] = {"steps": [50, 100], "minimum_requests": 10, "minimum_seconds": 600, "deadline_seconds": 600}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_model_lives_from_its_data_to_its_feedback(tmp_path: Path) -> None:
    gate = tmp_path / "gate.yaml"
    gate.write_text("format: 1\nmargin: 0.05\nclass_margin: 0.15\nlive_labels:\n  lag_seconds: 0\n")
    begin = ["--holdout", "digits:holdout", "--data", "digits:part-1", "--gate", gate]
    (port,) = free_ports(1)
    console = ConsoleProcess(tmp_path / "console", port, *begin)
    holdout = load_rows("digits:holdout")
    with console, ExitStack() as until_the_end:
        first = console.train(HONEST)
        assert console.wait_for_experiment(first)["state"] == "finished"
        deployed = console.wait_for_deployment(console.deploy(first))
        assert (deployed["state"], deployed["rollout_id"]) == ("serving", None)
        clients = ClientTraffic(f"{console.gateway_url}/classify", holdout.first(20).features.tolist())
        traffic = until_the_end.enter_context(clients)

        write_csv_table(load_rows("digits:part-2"), tmp_path / "part-2.csv")
        added = console.ask("PUT", "/add_data?name=part-2.csv", 201, content=(tmp_path / "part-2.csv").read_bytes())
        assert (added["part"]["number"], added["part"]["rows"]) == (2, 797)
        better = console.train(HONEST)
        assert console.wait_for_experiment(better)["version"] == 2
        deployment = console.deploy(better, **QUICK)
        wait_for(lambda: console.get("/rollouts") or None)
        console.kill()  # while its rollout goes on
        console.start()
        promoted = console.wait_for_deployment(deployment)
        assert (promoted["state"], promoted["outcome"], promoted["rollout_id"]) == ("serving", "PROMOTE", 1)
        wait_for(lambda: console.get("/deployments/1")["state"] == "retired" or None)

        sabotaged = console.train(SABOTAGED)
        killed = _killed_training(console)
        console.wait_for_experiment(sabotaged)
        assert console.get(f"/experiments/{killed}")["because"] == "it was killed by SIGKILL"
        refused = console.wait_for_deployment(console.deploy(sabotaged, **QUICK))
        assert (refused["state"], refused["outcome"]) == ("withdrawn", "REJECT")

        honest = console.train({**HONEST, "arguments": {"max_iter": 300, "C": 0.8}})
        console.wait_for_experiment(honest)
        aborted = console.deploy(honest, **SLOW)
        wait_for(lambda: _observing(console))
        _give_feedback(console, holdout.features.tolist()[100:130], holdout.labels[100:130])
        ended = console.ask("POST", "/rollouts/3/abort", json={"reason": "enough seen"})
        assert (ended["rollout"]["state"], ended["rollout"]["code"]) == ("restored", "ABORTED")
        assert console.wait_for_deployment(aborted)["state"] == "withdrawn"
        assert console.get("/health") == {"serving": "v2", "gateway_url": console.gateway_url, "problem": ""}
        until_the_end.close()
        assert not traffic.failed
        assert console.stop() == 0
        assert "what goes on without it: " in console.said()
        assert httpx.get(f"{console.gateway_url}/v2/health/ready", trust_env=False).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{console.gateway_url}/v2/health/ready", trust_env=False)
    _require_records(tmp_path / "console" / "records.db")


def _killed_training(console: ConsoleProcess) -> int:
    """One whose process is killed: the console says so, and is none the worse for it."""
    wait_for(lambda: None if console.get("/experiments")[-1]["state"] == "running" else True)
    experiment = console.train(HONEST)
    (process,) = wait_for(lambda: _processes_with("--experiment", str(experiment)) or None)
    os.kill(process, signal.SIGKILL)
    assert console.wait_for_experiment(experiment)["state"] == "failed"
    return experiment


def _processes_with(*arguments: str) -> list[int]:
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        line = process.info["cmdline"] or []
        if any(tuple(line[place : place + 2]) == arguments for place in range(len(line))):
            found.append(process.info["pid"])
    return found


def _observing(console: ConsoleProcess) -> bool | None:
    rollouts = console.get("/rollouts")
    return True if len(rollouts) == 3 and rollouts[-1]["state"] == "observing" else None


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
    assert (taken["rollout_id"], taken["contradicting"]) == (3, [])
    found = wait_for(lambda: console.get("/rollouts/3")["rollout"]["labels"])
    assert found["stable"]["labelled"] + found["canary"]["labelled"] > 0
    part = console.ask("POST", "/feedback/part", 201, json={"minimum_rows": len(rows)})
    assert (part["rows"], part["source"]) == (len(rows), "feedback")
    console.ask("POST", "/feedback/part", 422, json={"minimum_rows": 1})  # all are in the data set now


def _require_records(database: Path) -> None:
    """What the console did stands in the database of records, too."""
    with closing(sqlite3.connect(database)) as connection:

        def ask(sql: str) -> list[tuple[object, ...]]:
            return connection.execute(sql).fetchall()

        states = ["finished", "finished", "finished", "failed", "finished"]
        assert ask("SELECT id, state FROM experiments ORDER BY id") == list(enumerate(states, start=1))
        outcomes = [("PROMOTE", None), ("REJECT", None), ("REJECT", "ABORTED")]
        assert ask("SELECT outcome, code FROM rollouts ORDER BY number") == outcomes
        assert ask("SELECT verdict FROM verdicts ORDER BY decided_at") == [("PROMOTE",), ("REJECT",), ("PROMOTE",)]
        served = "SELECT revision, retired_at IS NULL FROM deployments WHERE role = 'stable' ORDER BY deployed_at"
        assert ask(served) == [("v1", 0), ("v2", 1)]
        parts = ask("SELECT name, role, rows FROM dataset_parts WHERE role = 'training' ORDER BY id")
        assert parts == [("part-1", "training", 200), ("part-2", "training", 797), ("part-3", "training", 30)]
        assert ask("SELECT count(*) FROM feedback") == [(30,)]
        asked = "SELECT count(DISTINCT bundle_digest), count(*) >= 1600 FROM predictions"
        assert ask(asked) == [(4, 1)]
