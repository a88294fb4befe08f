"""A holdout with categories is asked column by column, in the words of the data and not by their numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.labelled_data import load_rows
from promotion.evidence.evidence_source import AnswerRefused
from promotion.evidence.holdout_replay import HoldoutReplay
from promotion.gate.evidence import PairedAnswers
from tests.promotion.evidence.predictors import run_predictor
from tests.training.experiments import estimator, train

LOGISTIC = estimator("sklearn.linear_model.LogisticRegression", max_iter=1000)
RIDGE = {"task": "regression", **estimator("sklearn.linear_model.Ridge")}


def test_a_classifier_of_numbers_and_categories_is_replayed(tmp_path: Path) -> None:
    holdout = load_rows("apartments:holdout")
    finished = train(load_rows("apartments"), holdout, tmp_path, LOGISTIC)
    with run_predictor(finished.bundle.path, "one") as predictor:
        replayed = HoldoutReplay(predictor.url, predictor.url).replay_holdout(holdout)
    answers = replayed.answers
    assert isinstance(answers, PairedAnswers)
    assert answers.stable_labels == answers.canary_labels
    right = np.mean([truth == label for truth, label in zip(answers.truth, answers.stable_labels, strict=True)])
    assert right == finished.metrics.summary()["accuracy"]


def test_two_models_of_different_tasks_are_never_compared(tmp_path: Path) -> None:
    holdout, flats = load_rows("rents:holdout"), load_rows("apartments:holdout")
    regression = train(load_rows("rents"), holdout, tmp_path / "rents", RIDGE)
    classifier = train(load_rows("apartments"), flats, tmp_path / "apartments", LOGISTIC)
    with run_predictor(regression.bundle.path, "one") as one, run_predictor(classifier.bundle.path, "two") as two:
        with pytest.raises(AnswerRefused, match="a classification, but stable is a regression; expected two models"):
            HoldoutReplay(one.url, two.url).replay_holdout(holdout.first(0))
        with pytest.raises(AnswerRefused, match=r"answers with numbers, but rents.*, row 1, column rent: 'cheap'"):
            HoldoutReplay(one.url, one.url).replay_holdout(replace(holdout, labels=("cheap",) * len(holdout)))
