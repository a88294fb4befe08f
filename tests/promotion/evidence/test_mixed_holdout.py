"""A holdout with categories is asked column by column, in the words of the data and not by their numbers."""

from pathlib import Path

import numpy as np
import pytest

from assay.labelled_data import load_rows
from promotion.evidence.evidence_source import AnswerRefused
from promotion.evidence.holdout_replay import HoldoutReplay
from tests.promotion.evidence.predictors import run_predictor
from tests.training.experiments import estimator, train

LOGISTIC = estimator("sklearn.linear_model.LogisticRegression", max_iter=1000)
RIDGE = {"task": "regression", **estimator("sklearn.linear_model.Ridge")}


def test_a_classifier_of_numbers_and_categories_is_replayed(tmp_path: Path) -> None:
    holdout = load_rows("apartments:holdout")
    finished = train(load_rows("apartments"), holdout, tmp_path, LOGISTIC)
    with run_predictor(finished.bundle.path, "one") as predictor:
        replayed = HoldoutReplay(predictor.url, predictor.url, holdout).replay_holdout()
    answers = replayed.answers
    assert answers.stable_labels == answers.canary_labels
    right = np.mean([truth == label for truth, label in zip(answers.truth, answers.stable_labels, strict=True)])
    assert right == finished.metrics.summary()["accuracy"]


def test_a_regression_is_refused_and_never_judged_as_something_else(tmp_path: Path) -> None:
    holdout = load_rows("diabetes:holdout")
    finished = train(load_rows("diabetes"), holdout, tmp_path, RIDGE)
    with run_predictor(finished.bundle.path, "one") as predictor:
        replay = HoldoutReplay(predictor.url, predictor.url, holdout)
        with pytest.raises(AnswerRefused, match="/metadata: classes: Field required"):
            replay.replay_holdout()
