"""How good the answers to labelled rows are: the numbers that a training's holdout has, too."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Scores of one class; precision and recall are 0 where nothing was answered so, or nothing is so."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of answers, by class index."""

    accuracy: float
    macro_f1: float
    """The mean of F1 over the classes that occur among the labels, as in a training's holdout metrics."""
    classes: tuple[ClassCounts, ...]
    confusion_matrix: NDArray[np.int64]
    """(classes, classes): rows by true class, columns by answered class."""


def score(truth: Sequence[int], answered: Sequence[int], classes: int) -> Scores:
    """Compare the answered class of each row with the true one; both are indices below `classes`, one row at least.

    Precision, recall, F1 = 2PR / (P + R): van Rijsbergen, Information Retrieval (1979), chapter 7.
    """
    cells = np.asarray(truth, dtype=np.int64) * classes + np.asarray(answered, dtype=np.int64)
    matrix = np.bincount(cells, minlength=classes**2).reshape(classes, classes)
    hits, support, answers = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    precision, recall = hits / np.maximum(answers, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(answers + support, 1)
    return Scores(
        accuracy=float(hits.sum() / len(truth)),
        macro_f1=float(f1[support > 0].mean()),
        classes=tuple(
            ClassCounts(float(precision[index]), float(recall[index]), float(f1[index]), int(support[index]))
            for index in range(classes)
        ),
        confusion_matrix=matrix.astype(np.int64),
    )
