"""Drift between the holdout and live traffic, from what real predictors recorded."""

import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
import orjson
import pytest
from scipy.stats import chi2_contingency, ks_2samp

from assay.labelled_data import load_rows
from bundle import Bundle
from dataset import LabelledRows, write_csv_table
from promotion.clock import SystemClock
from promotion.evidence.holdout_replay import HoldoutReplay
from promotion.evidence.live_predictions import LivePredictionsUnreadable, read_live_predictions
from promotion.gate.evidence import PairedValues
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord
from promotion.judgement import judge_canary
from tests.assay.program import assay
from tests.promotion.evidence.columns import answers_of, make_holdout
from tests.promotion.evidence.predictors import RunningPredictor, run_predictor
from tests.training.experiments import estimator, train

HOLDOUT = make_holdout()
DIGEST = f"sha256:{1:064}"


def ask(predictor: RunningPredictor, rows: LabelledRows, chosen: list[int]) -> None:
    """Live requests, a row each."""
    with httpx.Client(base_url=predictor.url, trust_env=False) as client:
        for row in chosen:
            assert client.post("/classify", json={"row": rows.features[row].tolist()}).status_code == 200


def wait_until_recorded(directory: Path, rows: int) -> None:
    deadline = time.monotonic() + 60
    while sum(path.read_bytes().count(b"\n") for path in directory.rglob("*.jsonl")) < rows:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_answers_that_drift_are_told_on_every_way_and_a_gate_s_own_questions_are_no_traffic(
    bundles: dict[str, Bundle], canary: RunningPredictor, tmp_path: Path
) -> None:
    records, holdout = tmp_path / "records", tmp_path / "holdout.csv"
    write_csv_table(HOLDOUT, holdout)
    mostly_a = [row for row in range(200) if row % 4 == 0 or row % 10 == 1]
    with run_predictor(bundles["v1"].path, "first", records=records) as stable:
        urls = ["--stable", stable.url, "--canary", canary.url, "--holdout", holdout]
        first = assay("gate", *urls)  # which stable records, too
        assert "drift" not in first.stdout
        ask(stable, HOLDOUT, mostly_a)
        wait_until_recorded(records, 13 + len(mostly_a))
        page = tmp_path / "report.html"
        done = assay("gate", *urls, "--live", records, "--report", page, "--out", tmp_path / "evidence.json")
    assert done.code == 0, done.stderr
    found = EvidenceRecord.model_validate_json((tmp_path / "evidence.json").read_bytes()).advisory
    drift = found.drift
    assert drift is not None
    assert found.live is not None
    assert (found.live.of_stable, found.live.of_others) == (len(mostly_a), 0)
    said = answers_of("v1", HOLDOUT)
    live = Counter(said[row] for row in mostly_a)
    assert drift.holdout == tuple(said.count(label) for label in "abcd")
    assert drift.live == tuple(live[label] for label in "abcd")
    assert drift.p_value == pytest.approx(chi2_contingency([drift.holdout, drift.live]).pvalue)
    assert drift.p_value < 0.001
    told = (
        f"stability index {drift.stability_index:.3f}, p = {drift.p_value:.2g} (chi-square, {len(mostly_a)} live rows)"
    )
    assert told in done.stdout
    assert "- calibration: stable is off by " in done.stdout
    assert "- agreement: 95.0% of the rows have the same answer" in done.stdout
    html = page.read_text()
    assert f"population stability index {drift.stability_index:.3f}" in html
    for title in ("Are live answers spread", "Is it right as often as it says?", "Where the two differ"):
        assert title in html


def test_values_that_drift_are_found_by_the_test_for_numbers(tmp_path: Path) -> None:
    holdout = load_rows("diabetes:holdout")
    fields = {"task": "regression", **estimator("sklearn.linear_model.Ridge")}
    bundle = train(load_rows("diabetes"), holdout, tmp_path / "bundle", fields).bundle
    heavy = [int(row) for row in np.argsort(-holdout.features[:, holdout.feature_names.index("bmi")])[:60]]
    records = tmp_path / "records"
    with run_predictor(bundle.path, "one", records=records) as predictor:
        ask(predictor, holdout, heavy)
        wait_until_recorded(records, len(heavy))
        source = HoldoutReplay(predictor.url, predictor.url)
        live = read_live_predictions(records)
        evidence = judge_canary(source, holdout, GatePolicy(), SystemClock(), live)
        answers = source.replay_holdout(holdout).answers
    assert isinstance(answers, PairedValues)
    drift = evidence.advisory.drift
    assert drift is not None
    assert (sum(drift.holdout), sum(drift.live), len(drift.classes)) == (142, 60, 10)
    assert drift.test == "Kolmogorov-Smirnov"
    on_holdout, in_traffic = (np.array(one, np.float32) for one in (answers.stable, live.of(bundle.digest).values))
    assert drift.p_value == pytest.approx(ks_2samp(on_holdout, in_traffic).pvalue)
    assert drift.p_value < 0.001
    assert drift.stability_index > 0.25


def line(key: str, digest: str = DIGEST, **fields: object) -> bytes:
    return orjson.dumps({"schema": 1, "key": key, "bundle_digest": digest, "door": "/classify", **fields}) + b"\n"


def test_each_prediction_counts_once_by_its_bundle_and_an_unfinished_line_not_at_all(tmp_path: Path) -> None:
    other = f"sha256:{2:064}"
    for worker, content in (
        ("worker-0", line("a", labels=["cat", "dog"]) + line("b", labels=["cat"], id="assay-replay")),
        (
            "worker-1",
            line("a", labels=["cat", "dog"]) + line("c", other, values=[1.5]) + line("d", labels=["cat"])[:-5],
        ),
    ):
        (tmp_path / worker).mkdir()
        (tmp_path / worker / "predictions.jsonl").write_bytes(content)
    live = read_live_predictions(tmp_path)
    assert live.of(DIGEST).labels == Counter(cat=1, dog=1)
    assert list(live.of(other).values) == [1.5]
    assert (live.rows, live.of("nobody's").rows) == (3, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r": no recorded predictions; expected .jsonl files$"),
        (b"what\n", r"predictions.jsonl, line 1: the line: Invalid JSON.*; expected a recorded prediction$"),
        (line("a") + b'{"key": "b"}\n', r"line 2: bundle_digest: Field required; expected a recorded prediction$"),
        (line("a", values=["1"]), r"line 1: values.0: Input should be a valid number"),
    ],
)
def test_what_is_no_prediction_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "predictions.jsonl").write_bytes(content)
    with pytest.raises(LivePredictionsUnreadable, match=message):
        read_live_predictions(tmp_path)
    done = assay("gate", *["--stable", "http://h", "--canary", "http://h", "--holdout", "digits"], "--live", tmp_path)
    assert (done.code, len(done.stderr.strip().splitlines())) == (12, 1)
