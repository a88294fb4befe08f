"""Two experiments' answers to the same rows of the same holdout, row by row: what a paired test is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.errors import ExperimentsNotComparable
from training.holdout_answers import read_answers
from training.run_files import ANSWERS_FILE
from training.tracking.experiment import Experiment, ExperimentState
from training.tracking.store import TrackingStore


@dataclass(frozen=True, slots=True)
class PairedRights:
    """Classifiers': for each row, whether the first and the second are right."""

    first: NDArray[np.bool_]
    second: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PairedErrors:
    """Regressions': for each row, the absolute error of the first and of the second."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]


def pair_answers(store: TrackingStore, first: Experiment, second: Experiment) -> PairedRights | PairedErrors:
    """Both experiments' answers to each row. Raises ExperimentsNotComparable where these are not of the same rows."""
    for one in (first, second):
        if one.state is not ExperimentState.FINISHED:
            raise ExperimentsNotComparable(
                f"experiment {one.experiment_id} is {one.state}, and has no answers to compare"
            )
    if first.holdout_digest != second.holdout_digest:
        raise ExperimentsNotComparable(
            f"experiment {first.experiment_id} was measured on the holdout {first.holdout_digest}, experiment "
            f"{second.experiment_id} on {second.holdout_digest}; a paired test needs the same rows: "
            "evaluate both on one holdout"
        )
    tasks = {one.parameters.get("task") for one in (first, second)}
    if len(tasks) > 1:
        raise ExperimentsNotComparable("one is a classification, the other a regression")
    labels, of_first = read_answers(store.read_file(first.experiment_id, ANSWERS_FILE))
    _, of_second = read_answers(store.read_file(second.experiment_id, ANSWERS_FILE))
    if tasks == {"regression"}:
        truth = np.array(labels, dtype=np.float64)
        return PairedErrors(*(np.abs(np.array(one, dtype=np.float64) - truth) for one in (of_first, of_second)))
    truths = np.array(labels)
    return PairedRights(truths == np.array(of_first), truths == np.array(of_second))
