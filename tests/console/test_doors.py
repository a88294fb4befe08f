"""The doors, their codes and their limits, on a console's own state."""

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assay.labelled_data import load_rows
from dataset import LabelledRows, write_csv_table
from tests.console.conftest import UPLOAD_BYTES, WiredApp
from tests.console.console_process import job_process, wait_for
from tests.content_store.samples import files_of, make_bundle, tar_of
from training.experiment import run_experiment
from training.parameters import TrainingParameters
from training.provenance import Provenance
from training.tracking.opening import open_tracking

QUICK = {"class": "sklearn.linear_model.LogisticRegression", "arguments": {"max_iter": 50}}


def table_of(rows: LabelledRows, tmp_path: Path) -> bytes:
    write_csv_table(rows, tmp_path / "table.csv")
    return (tmp_path / "table.csv").read_bytes()


def as_csv(header: Sequence[str], *lines: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *lines])
    return text.getvalue().encode()


def test_data_are_added_once_and_without_rows_that_are_there(console: WiredApp, tmp_path: Path) -> None:
    first, second = load_rows("digits:part-1"), load_rows("digits:part-2").first(50)
    header = [first.output_feature, *first.feature_names]
    both = as_csv(header, *([label, *row] for rows in (first.first(20), second) for label, row in _lines(rows)))
    added = console.client.put(
        "/add_data?name=../monday.csv", content=gzip.compress(both), headers={"X-Assay-By": "ann"}
    )
    assert added.status_code == 201, added.text
    part = added.json()["part"]
    assert (part["number"], part["rows"], part["duplicates"]) == (2, 50, 20)
    assert (part["name"], part["by"], part["digest"]) == ("monday.csv", "ann", second.digest)
    again = console.client.put("/add_data", content=both)
    assert (again.status_code, again.json()) == (200, {"part": part, "is_new": False})
    known = console.client.put("/add_data", content=table_of(second, tmp_path))
    assert (known.status_code, known.json()["error"]) == (422, "data: all 50 rows are in the data set already")
    assert [one["number"] for one in console.client.get("/data").json()] == [1, 2]


def _lines(rows: LabelledRows) -> list[tuple[str, list[float]]]:
    return list(zip(rows.labels, rows.features.tolist(), strict=True))


def test_rows_of_the_holdout_are_never_learned_from(console: WiredApp, tmp_path: Path) -> None:
    holdout = load_rows("digits:holdout")
    mixed = as_csv(
        [holdout.output_feature, *holdout.feature_names],
        *([label, *row] for label, row in _lines(load_rows("digits:part-2").first(3))),
        ["4", *holdout.features[7].tolist()],  # with whatever label
    )
    refused = console.client.put("/add_data?name=mixed.csv", content=mixed)
    assert refused.status_code == 422
    said = "mixed.csv: 1 of its 4 rows stand in the holdout, the first is row 4 (row 8 there)"
    assert refused.json()["error"].startswith(said)
    other = console.client.post("/holdouts", content=table_of(load_rows("digits:part-1"), tmp_path))
    assert (other.status_code, other.json()["is_pinned"]) == (201, False)
    pinned = console.client.post(f"/holdouts/{other.json()['digest']}/pin")
    assert pinned.status_code == 422
    assert "200 of its 200 rows stand in the data part 1" in pinned.json()["error"]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"label,a\n1,2\n", 400, "1 features, but"),
        (b"label,a\n1,x\n2,3,4\n", 400, "data, line 3: 3 columns, but the header names 2"),
        (b"", 400, "empty; expected a header line"),
        (bytes(UPLOAD_BYTES + 1), 413, f"expected at most {UPLOAD_BYTES}"),
    ],
    ids=["other columns", "a wrong line", "nothing", "too much"],
)
def test_what_is_no_data_is_refused(unchanged: WiredApp, content: bytes, code: int, said: str) -> None:
    refused = unchanged.client.put("/add_data", content=content)
    assert (refused.status_code, list((unchanged.services.data.directory.parents[1] / "uploads").iterdir())) == (
        code,
        [],
    )
    assert said in refused.json()["error"]


def test_an_upload_whose_length_nobody_states_is_stopped_at_the_limit(unchanged: WiredApp) -> None:
    refused = unchanged.client.put("/add_data", content=(bytes(10_000) for _ in range(100)))
    assert (refused.status_code, refused.headers["connection"]) == (413, "close")


def test_a_model_has_one_training_at_a_time_and_a_key_names_one(console: WiredApp) -> None:
    ask: dict[str, Any] = {
        "json": {"parameters": {"model": {"name": "digits"}}},
        "headers": {"Idempotency-Key": "monday"},
    }
    first = console.client.put("/retrain", **ask)
    assert (first.status_code, first.json()["state"], first.json()["version"]) == (202, "running", 1)
    again = console.client.put("/retrain", **ask)
    assert (again.status_code, again.json()["experiment_id"]) == (200, first.json()["experiment_id"])
    second = console.client.put("/retrain", json={"parameters": {"model": {"name": "digits"}}})
    assert (second.status_code, "experiment 1 runs, and 1 may at a time" in second.json()["error"]) == (409, True)
    other = console.client.put("/retrain", json={"parameters": {"model": {"name": "other"}}})
    assert (other.status_code, other.json()["experiment_id"]) == (202, 2)
    assert console.client.post("/deploy/1").status_code == 422  # it has no bundle yet
    assert console.client.post("/jobs/1/cancel").status_code == 202
    assert wait_for(lambda: _unless_running(console, 1))["state"] == "cancelled"
    job = console.client.get("/jobs/1").json()
    assert (job["order"]["kind"], job["order"]["subject"]) == ("training", "digits")


def test_an_experiment_from_elsewhere_is_adopted_once_and_only_for_the_pinned_holdout(
    console: WiredApp, tmp_path: Path
) -> None:
    store = open_tracking(console.services.tracking.url)
    for holdout in ("digits:holdout", "breast-cancer:holdout"):
        data = [load_rows(holdout.replace("holdout", "part-1" if "digits" in holdout else "train"))]
        parameters = TrainingParameters.model_validate({"estimator": QUICK})
        run = store.begin("elsewhere", "model")
        run.log_parameters(parameters)
        provenance = Provenance("0123", "2026-11-30T10:00:00Z")
        run.finish(run_experiment(data, load_rows(holdout), parameters, provenance, tmp_path, lambda _said: None))
    adopted = console.client.post("/experiments/1/adopt", headers={"X-Assay-By": "ann"})
    assert adopted.status_code == 201, adopted.text
    found = adopted.json()
    assert (found["state"], found["by"], found["metrics"]["rows"]) == ("finished", "ann", 800)
    assert found["parameters"]["estimator"]["arguments"] == QUICK["arguments"]
    assert console.services.bundles.digests() == [found["bundle_digest"]]
    again = console.client.post("/experiments/1/adopt")
    assert (again.status_code, again.json()) == (200, found)
    refused = console.client.post("/experiments/2/adopt")
    assert (refused.status_code, "may have learned from rows of the holdout here" in refused.text) == (422, True)
    store.begin("unfinished", "model")
    assert "experiment 3 is running in sqlite" in console.client.post("/experiments/3/adopt").json()["error"]
    assert console.client.post("/experiments/4/adopt").status_code == 404


def test_a_training_that_is_killed_is_told_of_and_another_begins(console: WiredApp) -> None:
    console.client.put("/retrain", json={})
    job_process(console.services.experiments.directory.parent / "jobs" / "000001").kill()
    killed = wait_for(lambda: _unless_running(console, 1))
    assert (killed["state"], killed["because"]) == ("failed", "it was killed by SIGKILL")
    assert console.client.put("/retrain", json={}).json()["experiment_id"] == 2


def _unless_running(console: WiredApp, experiment_id: int) -> Any:
    found = console.client.get(f"/experiments/{experiment_id}").json()
    return None if found["state"] == "running" else found


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "said"),
    [
        ("PUT", "/retrain", {"parameters": {"seed": -1}}, 422, "parameters: seed: Input should be greater"),
        ("PUT", "/retrain", {"parts": ["sha256:0"]}, 404, "there is no data part sha256:0"),
        ("PUT", "/retrain", {"part": []}, 400, "body part: Extra inputs are not permitted"),
        ("POST", "/deploy/7", {}, 404, "there is no experiment 7"),
        ("POST", "/deploy/1", {"minimum_requests": -1}, 400, "minimum_requests"),
        ("GET", "/metrics/7", None, 404, "there is no experiment 7"),
        ("GET", "/rollouts/7", None, 404, "there is no rollout 7"),
        ("POST", "/rollouts/7/abort", {}, 404, "there is no rollout 7"),
        ("GET", "/jobs/7/log", None, 404, "there is no job 7"),
        ("GET", "/bundles/sha256:0", None, 400, "is no digest"),
        ("POST", "/feedback", {"labels": []}, 400, "at least 1 item"),
        ("POST", "/feedback/part", {}, 422, "nothing serves yet; name a model"),
        ("GET", "/drift", None, 422, "nothing serves yet: there are no answers that could drift"),
        ("GET", "/drift?hours=0", None, 400, "hours"),
        ("POST", "/feedback/part", {"model": "digits"}, 422, "digits: 0 labelled rows that are not in the data set"),
        ("GET", "/nowhere", None, 404, "no such path: '/nowhere'"),
        ("DELETE", "/data", None, 405, "expected GET"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    unchanged: WiredApp, method: str, path: str, body: object, code: int, said: str
) -> None:
    answer = unchanged.client.request(method, path, json=body)
    assert (answer.status_code, said in answer.json()["error"]) == (code, True), answer.text


def test_labels_of_what_nobody_recorded_are_told_back(unchanged: WiredApp) -> None:
    taken = unchanged.client.post("/feedback", json={"labels": [{"request_id": "a", "label": "7"}]}).json()
    assert taken["unknown"] == [{"request_id": "a", "row": 0, "label": "7"}]
    assert (taken["new"], taken["rollout_id"]) == (0, None)
    assert unchanged.client.get("/predictions").json() == {"predictions": [], "next_page": None}


def test_bundles_are_added_as_a_tar_and_fetched_by_digest(console: WiredApp, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundles")
    tar = tar_of(files_of(bundle))
    added = console.client.post("/bundles", content=tar)
    assert (added.status_code, added.json()["digest"]) == (201, bundle.digest), added.text
    assert console.client.post("/bundles", content=tar).status_code == 200
    assert [one["digest"] for one in console.client.get("/bundles").json()] == [bundle.digest]
    fetched = console.client.get(f"/bundles/{bundle.digest}").content
    assert console.client.post("/bundles", content=fetched).json() == added.json()
    assert console.client.post("/bundles", content=tar[:700]).status_code == 400


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
def test_pages_of_other_sites_ask_for_nothing(unchanged: WiredApp, headers: dict[str, str], code: int) -> None:
    assert unchanged.client.get("/health", headers=headers).status_code == code


def test_everything_is_counted_and_described(unchanged: WiredApp) -> None:
    unchanged.client.get("/experiments/7")
    counted = unchanged.client.get("/metrics").text
    assert 'assay_console_requests_total{code="404",door="/experiments/{experiment_id}",method="GET"} 1.0' in counted
    assert "assay_console_data_rows 200.0" in counted
    described = unchanged.client.get("/openapi.json").json()
    paths = {"/add_data", "/retrain", "/metrics/{experiment_id}", "/deploy/{experiment_id}", "/feedback", "/jobs"}
    assert paths <= described["paths"].keys()
    body = described["components"]["schemas"]["TrainingBody"]
    assert "estimator" in body["examples"][0]["parameters"]
