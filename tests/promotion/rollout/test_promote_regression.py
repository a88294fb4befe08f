"""A regression model takes traffic only by its verdict, too."""

from pathlib import Path

import pytest

from assay.labelled_data import load_rows
from dataset import write_csv_table
from promotion.gate.outcome import Outcome
from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import RolloutState
from tests.promotion.evidence.predictors import run_predictor
from tests.promotion.rollout.place import Place, run_assay, run_gateway
from tests.training.experiments import estimator, train

pytestmark = pytest.mark.slow


def test_a_canary_that_is_not_shown_to_err_less_gets_nothing_and_one_that_is_takes_the_traffic(tmp_path: Path) -> None:
    holdout = load_rows("diabetes:holdout")
    write_csv_table(holdout, tmp_path / "holdout.csv")
    (tmp_path / "gate.yaml").write_text("guardrails: {watched: []}\n")  # nobody sends requests here
    chosen = {
        "stable": estimator("sklearn.linear_model.Ridge", alpha=10.0),
        "other": estimator("sklearn.neighbors.KNeighborsRegressor"),
        "better": estimator("sklearn.linear_model.Ridge"),
    }
    paths = {
        name: train(load_rows("diabetes"), holdout, tmp_path / name, {"task": "regression", **fields}).bundle.path
        for name, fields in chosen.items()
    }
    with (
        run_predictor(paths["stable"], "stable") as stable,
        run_predictor(paths["other"], "other") as other,
        run_predictor(paths["better"], "better") as better,
        run_gateway(tmp_path / "gateway", stable) as url,
    ):
        place = Place(tmp_path / "gateway", url, tmp_path / "holdout.csv", tmp_path / "rollouts")
        quickly = ("--minimum-requests", "0", "--minimum-seconds", "0", "--config", str(tmp_path / "gate.yaml"))
        place.assign_canary("other", other.url)
        done = place.promote(*quickly)
        assert done.code == 11, done.stderr
        record = place.read_record()
        assert record is not None
        assert (record.state, record.outcome) == (RolloutState.RESTORED, Outcome.INCONCLUSIVE)
        assert place.router.read_split().canary_percent == 0

        place.assign_canary("better", better.url)
        done = place.promote(*quickly)
        assert done.code == 0, done.stderr
        told = "PROMOTE: the canary's mean error is smaller by at least 2.5"
        assert told in done.stdout
        evidence = EvidenceRecord.model_validate_json((place.out / "evidence-0002.json").read_bytes())
        assert evidence.errors is not None
        assert (evidence.errors.n, evidence.b, evidence.c) == (142, None, None)
        assert place.router.read_split().canary_percent == 100
        status = run_assay("rollout", "status", "--out", str(place.out), "--gateway", str(place.gateway))
        assert told in status.stdout
