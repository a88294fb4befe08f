"""A quantile's bounds from a histogram: between which of its edges does the p95 lie?"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from math import inf

from scipy.stats import binom


def quantile_bounds(counts: Sequence[int], edges: Sequence[float], share: float, alpha: float) -> tuple[float, float]:
    """Lower and upper bound of the quantile at `share` (0.95 for the p95), each one-sided at alpha, as bucket edges.

    counts: observations in each bucket, not summed up; edges: each bucket's upper edge, ascending, the last may be inf;
    the first bucket begins at 0. The order statistics with the ranks l, the largest with P(Bin(n, share) < l) <= alpha,
    and u, the smallest with P(Bin(n, share) < u) >= 1 - alpha, bound a quantile whatever the distribution is (Conover
    1999, Practical Nonparametric Statistics, 3.2); a histogram says of each only its bucket, so the lower edge of the
    one and the upper edge of the other do. 0 and inf where there are too few observations for a bound: no data bounds
    nothing. Raises ValueError unless counts and edges belong together and share and alpha are within 0 and 1.
    """
    _refuse_what_is_no_histogram(counts, edges)
    if not (0 < share < 1 and 0 < alpha < 0.5):
        raise ValueError(f"share {share}, alpha {alpha}; expected shares above 0, below 1 and 0.5")
    upto = list(accumulate(counts))
    n = upto[-1] if upto else 0
    if n == 0:
        return 0.0, inf
    low = int(binom.ppf(alpha, n, share))  # smallest k with cdf(k) >= alpha, so cdf(k - 1) < alpha: the rank is k
    high = int(binom.ppf(1 - alpha, n, share)) + 1
    lower_bucket = bisect_left(upto, low) if low > 0 else 0
    lower = edges[lower_bucket - 1] if low > 0 and lower_bucket > 0 else 0.0
    upper = edges[bisect_left(upto, high)] if high <= n else inf
    return lower, upper


def quantile_at_most(counts: Sequence[int], edges: Sequence[float], share: float) -> float:
    """The upper edge of the bucket that holds the sample's own quantile: the smallest edge that `share` of the
    observations do not exceed; inf beyond the last finite edge. Raises ValueError where there are no observations.
    """
    _refuse_what_is_no_histogram(counts, edges)
    upto = list(accumulate(counts))
    if not upto or upto[-1] == 0:
        raise ValueError("no observations; expected some")
    return edges[bisect_left(upto, share * upto[-1])]


def _refuse_what_is_no_histogram(counts: Sequence[int], edges: Sequence[float]) -> None:
    if len(counts) != len(edges) or any(count < 0 for count in counts) or list(edges) != sorted(set(edges)):
        raise ValueError(f"{len(counts)} counts and {len(edges)} edges; expected ascending edges, a count each")
