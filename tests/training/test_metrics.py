"""The holdout metrics, counted again by hand."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import isclose

import pytest

from dataset import DatasetMalformed, LabelledRows
from tests.training.experiments import answer
from training.errors import DataNotUsable
from training.experiment import FinishedExperiment
from training.holdout_answers import answer_holdout
from training.inference_model import HoldoutMetrics, inference_model


def score(trained: FinishedExperiment, holdout: LabelledRows) -> HoldoutMetrics:
    manifest = trained.bundle.manifest
    metrics = inference_model(answer_holdout(trained.bundle.model_bytes, manifest, holdout))
    assert isinstance(metrics, HoldoutMetrics)
    return metrics


def test_metrics_are_those_counted_by_hand(trained: FinishedExperiment, digits: Mapping[str, LabelledRows]) -> None:
    holdout, classes = digits["holdout"], trained.bundle.manifest.classes
    metrics = score(trained, holdout)
    assert metrics == trained.metrics
    answered = [classes[index] for index in answer(trained.bundle.model_bytes, holdout.features)[0]]
    pairs = Counter(zip(holdout.labels, answered, strict=True))
    assert metrics.confusion_matrix == tuple(tuple(pairs[true, found] for found in classes) for true in classes)
    assert metrics.rows == 800
    assert isclose(metrics.accuracy, sum(pairs[name, name] for name in classes) / 800)
    f1 = []
    for name, found in zip(classes, metrics.classes, strict=True):
        hits, rows, answers = pairs[name, name], holdout.labels.count(name), answered.count(name)
        assert (found.name, found.rows) == (name, rows)
        assert isclose(found.precision, hits / answers)
        assert isclose(found.recall, hits / rows)
        assert isclose(found.f1, 2 * hits / (rows + answers))
        f1.append(found.f1)
    assert isclose(metrics.macro_f1, sum(f1) / len(f1))
    assert metrics.summary() == {
        "accuracy": metrics.accuracy,
        "macro_f1": metrics.macro_f1,
        "calibration_error": metrics.calibration_error,
    }


def test_the_calibration_error_is_the_one_counted_by_hand(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    holdout, classes = digits["holdout"], trained.bundle.manifest.classes
    metrics = score(trained, holdout)
    gaps: dict[int, list[tuple[float, bool]]] = {}
    for label, probabilities in zip(
        holdout.labels, answer(trained.bundle.model_bytes, holdout.features)[1], strict=True
    ):
        best = int(probabilities.argmax())
        tenth = next(number for number in range(1, 11) if float(probabilities[best]) <= number / 10 or number == 10)
        gaps.setdefault(tenth, []).append((float(probabilities[best]), classes[best] == label))
    by_hand = sum(abs(sum(sure for sure, _ in rows) - sum(right for _, right in rows)) for rows in gaps.values()) / 800
    assert 0 < metrics.calibration_error == pytest.approx(by_hand)
    assert [one.rows for one in metrics.calibration] == [len(gaps[tenth]) for tenth in sorted(gaps)]


def test_a_class_that_the_holdout_lacks_counts_nowhere(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    holdout = digits["holdout"]
    kept = [index for index, label in enumerate(holdout.labels) if label in "01"]
    labels = tuple(holdout.labels[index] for index in kept)
    metrics = score(trained, replace(holdout, features=holdout.features[kept], labels=labels))
    assert [found.rows for found in metrics.classes[2:]] == [0] * 8
    assert isclose(metrics.macro_f1, (metrics.classes[0].f1 + metrics.classes[1].f1) / 2)


def test_a_label_that_the_model_does_not_know_is_refused(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    holdout = replace(digits["holdout"].first(2), name="rows.csv", labels=("1", "ten"))
    with pytest.raises(DataNotUsable) as refused:
        score(trained, holdout)
    assert str(refused.value) == "rows.csv: label 'ten'; the model knows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"


def test_columns_that_the_model_does_not_know_are_refused(
    trained: FinishedExperiment, digits: Mapping[str, LabelledRows]
) -> None:
    holdout = replace(digits["holdout"].first(2), name="rows.csv")
    narrow = replace(holdout, features=holdout.features[:, :63], feature_names=holdout.feature_names[:63])
    with pytest.raises(DatasetMalformed) as refused:
        score(trained, narrow)
    assert str(refused.value) == "rows.csv: 63 features, but the model has 64"
    with pytest.raises(DatasetMalformed) as refused:
        score(trained, replace(holdout, feature_names=("x", *holdout.feature_names[1:])))
    assert str(refused.value) == "rows.csv: feature 1 is named 'x', but the model names it 'pixel_0_0'"
