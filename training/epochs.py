"""How a training went, epoch by epoch, where an estimator is trained in steps and keeps what it saw on the way."""

from collections.abc import Mapping
from typing import Any

from sklearn.pipeline import Pipeline

EpochScores = Mapping[str, tuple[float, ...]]
"""By name, a number after each epoch, the first one first: `loss`, `train_score`, `validation_score`."""

_KEPT = {"loss_curve_": "loss", "train_score_": "train_score", "validation_scores_": "validation_score"}
_WITH_A_START = {"train_score_": "train_score", "validation_score_": "validation_score"}


def epoch_scores(pipeline: Pipeline) -> EpochScores:
    """What the fitted estimator kept; empty for one that is not trained in steps.

    An MLP keeps its loss, and with `early_stopping` a validation score; gradient boosting keeps its training score, and
    the histogram kind, with `early_stopping`, both scores.
    """
    estimator = pipeline[-1]
    counts_the_start = hasattr(estimator, "validation_score_")  # histogram gradient boosting: before its first tree
    found: dict[str, tuple[float, ...]] = {}
    for attribute, name in (_WITH_A_START if counts_the_start else _KEPT).items():
        values: Any = getattr(estimator, attribute, None)
        if values is not None and len(values) > counts_the_start:
            found[name] = tuple(float(value) for value in values[counts_the_start:])
    return found
