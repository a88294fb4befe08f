"""The e-process of the margin: evidence against `worse by the margin` that may be looked at whenever one likes.

For when no horizon can be fixed or the disagreement drifts. By betting (Waudby-Smith and Ramdas 2023, Estimating means
of bounded random variables by betting, JRSS-B 86:1): capital that grows on rows the canary gains and shrinks on rows it
loses, and that a canary at the margin cannot grow in the mean. It takes about 1.8 times the rows of the fixed test.
"""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from promotion.statistics.row_floor import row_floor

_STAKES_AT_2_POINTS = (0.615, 0.454, 0.303, 0.188, 0.113, 0.067)


@dataclass(frozen=True, slots=True)
class EProcess:
    """Promote at any row n >= floor once the e-value is at least 1 / alpha.

    At most alpha of the canaries that are worse by the whole margin are ever promoted, exactly: whatever the
    disagreement, its drift and the looks (Ville's inequality).
    """

    margin: float
    alpha: float
    floor: int
    """Fewest rows."""

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1 or not 0 < self.alpha < 1 or self.floor <= 0:
            raise ValueError(f"{self}; expected 0 < margin < 1, 0 < alpha < 1 and floor > 0")

    @classmethod
    def at(cls, *, margin: float, alpha: float) -> "EProcess":
        """The test with the row floor of its margin. Raises ValueError as `row_floor` does."""
        return cls(margin=margin, alpha=alpha, floor=row_floor(margin, alpha))

    def log_e_value(self, b: ArrayLike, c: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
        """ln E after n rows, b lost and c gained: the mean of six bettors' capital, each with a stake of its own."""
        stakes = stakes_for(self.margin)
        lost, gained, rows = (np.asarray(counts, dtype=np.float64)[..., np.newaxis] for counts in (b, c, n))
        capital = (
            gained * np.log1p(stakes * (1 + self.margin))
            + (rows - lost - gained) * np.log1p(stakes * self.margin)
            + lost * np.log1p(-stakes * (1 - self.margin))
        )
        return np.asarray(logsumexp(capital, axis=-1) - log(len(stakes)), dtype=np.float64)

    def promotes(self, b: ArrayLike, c: ArrayLike, n: ArrayLike) -> NDArray[np.bool_]:
        """Whether n rows promote, b of them lost and c gained; of the shape that the counts broadcast to."""
        return (self.log_e_value(b, c, n) >= -log(self.alpha)) & (np.asarray(n) >= self.floor)


def stakes_for(margin: float) -> NDArray[np.float64]:
    """What the bettors stake on each row, six shares of their capital.

    The stake that grows fastest for an equal canary is margin / (disagreement + margin^2). At a margin of 2 points the
    six are best at disagreements of 3.2 to 30 %, and at other margins at the same ones; any stake below
    1 / (1 - margin) is valid, and none above 0.9 is taken.
    """
    disagreements = 0.02 / np.array(_STAKES_AT_2_POINTS) - 0.02**2
    return np.minimum(margin / (disagreements + margin**2), 0.9)
