"""How often the fixed test promotes, exactly: summed over every (b, c) that n pairs can give, not simulated."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from promotion.statistics.row_floor import row_floor, rows_needed
from promotion.statistics.tango import tango_z

_LEFT_OUT = 1e-9  # probability of more discordant rows than are summed over


def promotion_rate(n: int, disagreement: float, difference: float, margin: float, alpha: float) -> float:
    """Probability that n rows promote, by Tango's test and the row floor, a canary of the true `difference`.

    disagreement is the share of rows that one revision alone has right, difference is accuracy(canary) -
    accuracy(stable): at 0 the rate is the power for an equal canary, at -margin it is the size. Good to 1e-9.
    Raises ValueError unless n > 0, margin is between 0 and 1, alpha above 0 and below 0.5, and |difference| <=
    disagreement <= 1.
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}; expected a share above 0 and below 0.5")
    if not abs(difference) <= disagreement <= 1:
        raise ValueError(f"disagreement is {disagreement}; expected a share from |difference| = {abs(difference)} to 1")
    if n < row_floor(margin, alpha):
        return 0.0
    if n * disagreement <= _LEFT_OUT:  # nor could scipy's binomial take a share near the smallest number
        return float(tango_z(0, 0, n, margin) >= norm.isf(alpha))
    most = min(n, int(binom.isf(_LEFT_OUT, n, disagreement)) + 1)
    losses = _losses_promoted(n, most, margin, float(norm.isf(alpha)))
    discordant = np.arange(most + 1)
    share_lost = (disagreement - difference) / (2 * disagreement)
    return float((binom.pmf(discordant, n, disagreement) * binom.cdf(losses, discordant, share_lost)).sum())


def rows_for_power(disagreement: float, margin: float, alpha: float, power: float) -> int:
    """Fewest rows whose exact power for an equal canary reaches `power`; at least the row floor.

    One row fewer has less than `power`. Power waves as n grows, by tenths of a percent, or by 2 % where hardly any row
    is disagreed on: so some rows more may have less, too.
    Raises ValueError as `rows_needed` does.
    """
    low = row_floor(margin, alpha) - 1
    high = max(low + 1, rows_needed(disagreement, margin, alpha, power))
    while promotion_rate(high, disagreement, 0.0, margin, alpha) < power:
        low, high = high, high + high // 10 + 1
    while high - low > 1:
        middle = (low + high) // 2
        if promotion_rate(middle, disagreement, 0.0, margin, alpha) < power:
            low = middle
        else:
            high = middle
    return high


def _losses_promoted(n: int, most: int, margin: float, critical_z: float) -> NDArray[np.int64]:
    """For each number of discordant rows up to `most`, the largest b that is promoted; -1 where none is.

    One more discordant row moves that b by 0 or 1: Z grows with every gain and falls with every loss.
    """
    losses = np.full(most + 1, -1, dtype=np.int64)
    lost = -1
    for discordant in range(most + 1):
        if lost < discordant and tango_z(lost + 1, discordant - lost - 1, n, margin) >= critical_z:
            lost += 1
        losses[discordant] = lost
    return losses
