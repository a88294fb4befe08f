"""Wilson's score bounds of a share: how accurate is the canary at least, and at most?"""

from math import sqrt

from scipy.stats import norm


def wilson_bounds(successes: int, n: int, alpha: float) -> tuple[float, float]:
    """Lower and upper bound of a share, each one-sided at alpha (Wilson 1927, JASA 22:209).

    The interval between them has the confidence 1 - 2 alpha. Shares in 0..1; exactly 0 below no successes and exactly
    1 above n of n. Raises ValueError unless n > 0, 0 <= successes <= n and 0 < alpha < 0.5.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n}; expected n > 0 and 0 <= successes <= n")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}; expected a share above 0 and below 0.5")
    z = float(norm.isf(alpha))
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z * sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    lower = 0.0 if successes == 0 else centre - half_width
    upper = 1.0 if successes == n else centre + half_width
    return lower, upper
