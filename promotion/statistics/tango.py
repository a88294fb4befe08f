"""Tango's score test: is the canary shown not to be worse than stable by more than a margin?

The test that the gate promotes by. It asks the right way round: with few rows it shows nothing, where a test for a
difference would find nothing wrong.
"""

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm


def tango_z(b: int, c: int, n: int, margin: float) -> float:
    """Score statistic of H0: theta <= -margin for n paired outcomes (Tango 1998, Statistics in Medicine 17:891).

    theta is accuracy(canary) - accuracy(stable), a share; b: rows that only stable has right; c: rows that only the
    canary has right; n: all rows. Larger is better for the canary; compare with the upper normal quantile. A negative
    margin asks for an improvement. 0 where b = c = 0 and margin = 0. Good to about 2e-8 where the discriminant of the
    constrained estimate is 0 (b = 10, c = 0, n = 255, margin = 0.02), to rounding elsewhere.
    Raises ValueError unless n > 0, b and c >= 0, b + c <= n and -1 < margin < 1.
    """
    _refuse_impossible_counts(b, c, n)
    _refuse_impossible_margin(margin)
    variance = _variance_at(b, c, n, -margin)
    if variance == 0:
        return 0.0
    return (c - b + n * margin) / sqrt(n * variance)


def tango_z_values(b: ArrayLike, c: ArrayLike, n: ArrayLike, margin: float) -> NDArray[np.float64]:
    """`tango_z` of many counts at once: float64 of the shape that b, c and n broadcast to; counts are not checked."""
    _refuse_impossible_margin(margin)
    lost, gained, rows = (np.asarray(counts, dtype=np.float64) for counts in (b, c, n))
    linear = -gained - lost - (2 * rows - gained + lost) * margin
    discriminant = np.maximum(linear**2 - 8 * rows * lost * margin * (1 + margin), 0.0)
    only_stable = (np.sqrt(discriminant) - linear) / (4 * rows)
    variance = np.maximum(2 * only_stable - margin * (1 + margin), abs(margin) * (1 - abs(margin)))
    z: NDArray[np.float64] = np.divide(
        gained - lost + rows * margin, np.sqrt(rows * variance), out=np.zeros_like(variance), where=variance > 0
    )
    return z


def tango_lower_bound(b: int, c: int, n: int, alpha: float) -> float:
    """One-sided lower confidence bound of theta: the -margin at which `tango_z` is the normal quantile z(1 - alpha).

    A share in [-1, 1). Closed where every row has the same outcome: -z^2 / (n + z^2) where b = c = 0,
    (n - z^2) / (n + z^2) where c = n, and -1 where b = n, as then no margin is shown.
    Raises ValueError for the counts that `tango_z` refuses and unless 0 < alpha < 0.5.
    """
    _refuse_impossible_counts(b, c, n)
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}; expected a share above 0 and below 0.5")
    z = float(norm.isf(alpha))
    if b == n:
        return -1.0
    if c == n:
        return (n - z**2) / (n + z**2)
    if b == c == 0:
        return -(z**2) / (n + z**2)

    def excess(difference: float) -> float:
        # Z >= z without its quotient, which is 0/0 at a difference of -1.
        return c - b - n * difference - z * sqrt(n * _variance_at(b, c, n, difference))

    return float(brentq(excess, -1.0, (c - b) / n, xtol=1e-12))


def _variance_at(b: int, c: int, n: int, difference: float) -> float:
    """Variance of one row's (canary right) - (stable right), estimated under theta = difference.

    `only_stable` is the maximum likelihood estimate of P(only stable is right) under that constraint. The discriminant
    is at least 0 and the variance at least |difference| (1 - |difference|), but doubles round below either.
    """
    quadratic = 2 * n
    linear = -c - b + (2 * n - c + b) * difference
    constant = -b * difference * (1 - difference)
    discriminant = max(linear**2 - 4 * quadratic * constant, 0.0)
    only_stable = (sqrt(discriminant) - linear) / (2 * quadratic)
    return max(2 * only_stable + difference * (1 - difference), abs(difference) * (1 - abs(difference)))


def _refuse_impossible_margin(margin: float) -> None:
    if not -1 < margin < 1:
        raise ValueError(f"margin is {margin}; expected a share between -1 and 1")


def _refuse_impossible_counts(b: int, c: int, n: int) -> None:
    if n <= 0 or b < 0 or c < 0 or b + c > n:
        raise ValueError(f"b = {b}, c = {c}, n = {n}; expected n > 0, b and c >= 0, and b + c <= n")
