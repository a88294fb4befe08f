"""V2's extension for classification: the best classes instead of the numbers of all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def best_classes(values: NDArray[Any], count: int, labels: Sequence[str]) -> NDArray[Any]:
    """The `count` largest numbers of each row of `values`, (rows, classes) of floats, largest first.

    An array of `bytes`, (rows, the smaller of `count` and classes), each `value:index:label`, or `value:index` where
    there are no `labels`. Of equal numbers the one with the smaller index comes first.
    """
    indices = np.argsort(-values, axis=1, kind="stable")[:, :count]
    best = np.empty(indices.shape, dtype=np.object_)
    for (row, place), found in np.ndenumerate(indices):
        index = int(found)
        words = [str(values[row, index]), str(index), *labels[index : index + 1]]
        best[row, place] = ":".join(words).encode()
    return best
