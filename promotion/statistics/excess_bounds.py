"""How much more often is the canary wrong than stable: bounds that hold at every look, whatever drifts.

Each pair of answers, one of either revision, gives an excess: what the canary's is worse by. By betting (Waudby-Smith
and Ramdas 2023, Estimating means of bounded random variables by betting, JRSS-B 86:1): whoever bets that the excess is
above a value grows in the mean only where it is.
"""

from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

_STAKES = np.array((0.49, 0.35, 0.22, 0.13, 0.07, 0.035))
"""Shares of the capital, all below 1 / 2: nobody loses everything, whatever the mean that is asked about."""


def excess_bounds(excesses: ArrayLike, alpha: float) -> tuple[float, float]:
    """Lower and upper bound of the mean excess, each one-sided at `alpha` over all looks together.

    excesses: of shape (pairs,), each in -1..1, in the order in which they came. Where every excess has, given those
    before it, a mean of at most m, the lower bound is ever above m in at most alpha of all runs (Ville's inequality);
    nothing is asked of how they are spread, and later looks may depend on earlier ones. -1 and 1 where nothing is
    shown. Raises ValueError unless 0 < alpha < 1, and for an excess outside -1..1.
    """
    values, counts = np.unique(np.asarray(excesses, dtype=np.float64), return_counts=True)
    if not 0 < alpha < 1 or (len(values) and not (values[0] >= -1 and values[-1] <= 1)):
        raise ValueError(f"alpha is {alpha}, expected 0 < alpha < 1, and excesses in -1..1")
    if not len(values):
        return -1.0, 1.0
    return _lower(values, counts, alpha), -_lower(-values, counts, alpha)


def _lower(values: NDArray[np.float64], counts: NDArray[np.int64], alpha: float) -> float:
    def shown(mean: float) -> float:
        capital = np.log1p(np.outer(_STAKES, values - mean)) @ counts
        return float(np.logaddexp.reduce(capital)) - log(len(_STAKES)) + log(alpha)

    if shown(-1.0) <= 0:
        return -1.0
    return float(brentq(shown, -1.0, float(values.max()), xtol=1e-7))  # nobody gains on more than ever was
