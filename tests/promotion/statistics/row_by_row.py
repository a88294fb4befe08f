"""What a test that is looked at after every row does, exactly: the probability of every (b, c), row by row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ends = Callable[[NDArray[np.int64], NDArray[np.int64], int], NDArray[np.bool_]]
"""Of b, c and n: where the test ends."""
Disagreement = Callable[[int], float]
"""Of n: the share of rows at that time that one revision alone has right."""


@dataclass(frozen=True)
class Ended:
    rate: float
    mean_rows: float
    """Of the runs that ended so."""


def end_rates(
    ends: Sequence[Ends], rows: int, disagreement: float | Disagreement, difference: float, *, most: int, every: int = 1
) -> list[Ended]:
    """For each way to end, how often a run of `rows` rows ends so, looked at after `every` row.

    The ways are looked at in order; `most` bounds b and c, and what is beyond is counted as still running.
    """
    b, c = np.meshgrid(np.arange(most + 1), np.arange(most + 1), indexing="ij")
    chances = np.zeros(b.shape)
    chances[0, 0] = 1.0
    rates, weighted = np.zeros(len(ends)), np.zeros(len(ends))
    for n in range(1, rows + 1):
        share = disagreement if isinstance(disagreement, float) else disagreement(n)
        chances = _after_a_row(chances, (share - difference) / 2, (share + difference) / 2)
        for place, end in enumerate(ends if n % every == 0 else ()):
            reached = chances > 0
            reached[reached] = end(b[reached], c[reached], n)
            rates[place] += chances[reached].sum()
            weighted[place] += n * chances[reached].sum()
            chances[reached] = 0.0
    return [Ended(float(rate), float(sum_ / rate) if rate else 0.0) for rate, sum_ in zip(rates, weighted, strict=True)]


def _after_a_row(chances: NDArray[np.float64], lost: float, gained: float) -> NDArray[np.float64]:
    after = chances * (1 - lost - gained)
    after[1:] += chances[:-1] * lost
    after[:, 1:] += chances[:, :-1] * gained
    after[after < 1e-14] = 0.0
    return after
