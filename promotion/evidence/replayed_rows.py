"""Rows of a holdout as a predictor takes them: one input of numbers, or, with categories, one for each column."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset import LabelledRows
from open_inference import Tensor


def row_inputs(holdout: LabelledRows, first: int, count: int) -> tuple[Tensor, ...]:
    """The V2 inputs for `count` rows (fewer at the end) from row `first` on, in the form of what training exports."""
    numbers = holdout.features[first : first + count].astype(np.float32)
    if not holdout.categories:
        return (Tensor.of("features", numbers),)
    return tuple(
        Tensor.of(name, _texts(holdout, name, numbers[:, place]) if name in holdout.categories else numbers[:, [place]])
        for place, name in enumerate(holdout.feature_names)
    )


def _texts(holdout: LabelledRows, name: str, indices: NDArray[np.float32]) -> NDArray[Any]:
    texts = np.empty((len(indices), 1), dtype=np.object_)
    texts[:, 0] = [holdout.categories[name][int(index)].encode() for index in indices]
    return texts
