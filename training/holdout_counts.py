"""What a bundle keeps of its holdout's answers: counts, from which the uncertainty of its metrics follows."""

import numpy as np

from bundle import ClassCounts, Confusion, Measured
from training.holdout_answers import HoldoutAnswers, ValueAnswers

CONFUSIONS = 10


def count_answers(answers: HoldoutAnswers) -> Measured:
    """The counts of a classifier's answers, with its most frequent mistakes; of a regression's, how its errors vary."""
    rows = len(answers.truth)
    if isinstance(answers, ValueAnswers):
        errors = np.abs(answers.answered - answers.truth)
        return Measured(rows=rows, absolute_error_deviation=float(errors.std(ddof=1)) if rows > 1 else None)
    k = len(answers.classes)
    counts = np.bincount(answers.truth * k + answers.answered, minlength=k * k).reshape(k, k)
    mistakes = counts - np.diag(np.diag(counts))
    places = np.argsort(-mistakes, axis=None, kind="stable")[:CONFUSIONS]
    pairs = [(int(place // k), int(place % k)) for place in places if mistakes.flat[place]]
    return Measured(
        rows=rows,
        classes=tuple(
            ClassCounts(rows=int(counts[i].sum()), answered=int(counts[:, i].sum()), right=int(counts[i, i]))
            for i in range(k)
        ),
        confusions=tuple(
            Confusion(
                truth=answers.classes[truth], answered=answers.classes[answered], rows=int(mistakes[truth, answered])
            )
            for truth, answered in pairs
        ),
    )
