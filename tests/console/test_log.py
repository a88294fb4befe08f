"""What the console's log says: lines for a person, or JSON with the fields that a request is found by."""

import logging
import re
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from console.deployments.deployment import Deployment, DeploymentState, log_state
from predictor.log_lines import JsonLines
from tests.assay.program import assay, free_ports
from tests.console.console_process import PATIENCE_SECONDS, ConsoleProcess

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = {"x-request-id": "mine", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


def run(state: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> tuple[str, list[str | None]]:
    """What a console says, with the id of each of its three answers."""
    for name, value in settings.items():
        monkeypatch.setenv(f"ASSAY_CONSOLE_{name.upper()}", value)
    console = ConsoleProcess(state, *free_ports(1)).start()
    try:
        with httpx.Client(base_url=console.url, timeout=PATIENCE_SECONDS) as client:
            answers = [
                client.get("/experiments", headers=CALLER),
                client.get("/experiments/7"),
                client.get("/secret-path", headers={"x-request-id": "with a\ttab"}),
            ]
    finally:
        assert console.stop() == 0
    return console.said(), [answer.headers.get("x-request-id") for answer in answers]


@pytest.mark.slow
def test_slow_requests_are_in_a_log_of_json_by_their_ids_and_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, ids = run(tmp_path / "state", monkeypatch, log_format="json", slow_seconds="0.000001")
    lines: list[dict[str, Any]] = [orjson.loads(line) for line in said.splitlines()]
    assert all(line["time"] and line["message"] for line in lines)
    assert {line["level"] for line in lines} == {"info", "warning"}
    assert "listens on http://127.0.0.1:" in lines[0]["message"]
    found = {line["request_id"]: line for line in lines if "request_id" in line}
    assert ids[0] == "mine"
    mine = found["mine"]
    assert (mine["trace_id"], mine["method"], mine["door"], mine["code"]) == (TRACE, "GET", "/experiments", 200)
    assert 0 < mine["seconds"] < PATIENCE_SECONDS
    assert ids[1] is not None
    assert re.fullmatch("[0-9a-f]{32}", ids[1])
    assert (found[ids[1]]["code"], "trace_id" in found[ids[1]]) == (404, False)
    assert ids[2] is not None
    assert (found[ids[2]]["door"], "secret-path" in said, "a\ttab" in said) == ("unknown", False, False)


@pytest.mark.slow
def test_lines_are_for_a_person_and_tell_of_no_request_that_went_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = run(tmp_path / "state", monkeypatch, slow_seconds="600")
    first, *others = said.splitlines()
    assert first.startswith("assay: the console of ")
    assert others == ["assay: the console has stopped"]


@pytest.mark.slow
def test_from_a_level_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CONSOLE_LOG_LEVEL", "loud")
    refused = assay("console", "--state", tmp_path / "state")
    assert (refused.code, "ASSAY_CONSOLE_LOG_LEVEL" in refused.stderr) == (1, True)


def test_what_becomes_of_a_deployment_is_an_entry_with_its_bundle(caplog: pytest.LogCaptureFixture) -> None:
    digest = f"sha256:{'1' * 64}"
    what = digest, "digits", 2, "digits-2", DeploymentState.WITHDRAWN
    deployment = Deployment(3, 2, *what, "ann", "2026-11-30T12:00:00Z", because="worse")
    log = logging.getLogger("test")
    with caplog.at_level(logging.INFO, "test"):
        log_state(deployment, log)
    (record,) = caplog.records
    line = orjson.loads(JsonLines().format(record))
    assert line["message"] == "deployment 3 of digits-2 is withdrawn"
    assert (line["deployment_id"], line["revision"], line["bundle_digest"]) == (3, "digits-2", digest)
    assert (line["state"], line["because"], "outcome" in line) == ("withdrawn", "worse", False)
