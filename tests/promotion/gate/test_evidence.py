"""Counting pairs, and evidence that is none."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

from promotion.gate.evidence import PairedAnswers, PairedCounts, confusion_matrix, count_pairs
from tests.promotion.gate.paired_answers import Pairs, answers_of

ANSWERS = answers_of({"cat": Pairs(both=5, b=2, c=1, neither=3), "dog": Pairs(both=7, b=0, c=4, neither=1)})


def test_pairs_are_counted_over_all_rows() -> None:
    assert count_pairs(ANSWERS) == PairedCounts(n=23, b=2, c=5, stable_right=14, canary_right=17)


def of_class(label: str) -> list[bool]:
    return [truth == label for truth in ANSWERS.truth]


def test_pairs_of_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        count_pairs(ANSWERS, [True])


def test_pairs_are_counted_by_true_class() -> None:
    assert count_pairs(ANSWERS, of_class("cat")) == PairedCounts(n=11, b=2, c=1, stable_right=7, canary_right=6)
    assert count_pairs(ANSWERS, of_class("bird")) == PairedCounts(n=0, b=0, c=0, stable_right=0, canary_right=0)


def test_a_confusion_matrix_has_true_classes_as_rows() -> None:
    generator = np.random.default_rng(5)
    classes = ("a", "b", "c")
    truth, labels = (tuple(str(label) for label in generator.choice(classes, 50)) for _ in range(2))
    expected = sklearn_confusion_matrix(truth, labels, labels=list(classes))
    assert confusion_matrix(truth, labels, classes) == tuple(tuple(row) for row in expected.tolist())


@pytest.mark.parametrize(
    ("truth", "stable", "canary", "classes", "message"),
    [
        (("a", "a"), ("a",), ("a", "a"), ("a",), "2 labels, 1 answers of stable and 2 of the canary"),
        (("a",), ("a",), (), ("a",), "1 labels, 1 answers of stable and 0 of the canary"),
        (("a",), ("a",), ("a",), ("a", "a"), "expected each once"),
        (("b",), ("a",), ("a",), ("a",), "label 'b'"),
        (("a",), ("a",), ("c",), ("a", "b"), "label 'c'; expected one of the classes a, b"),
    ],
)
def test_answers_that_are_no_pairs_are_refused(
    truth: tuple[str, ...],
    stable: tuple[str, ...],
    canary: tuple[str, ...],
    classes: tuple[str, ...],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        PairedAnswers(truth, stable, canary, classes)
