"""Bounds of the difference of two independent shares: how many more of the canary's requests fail than of stable's?"""

from math import sqrt

from promotion.statistics.wilson import wilson_bounds


def share_difference_bounds(
    canary_failed: int, canary_requests: int, stable_failed: int, stable_requests: int, alpha: float
) -> tuple[float, float]:
    """Lower and upper bound of share(canary) - share(stable), each one-sided at alpha.

    Newcombe's hybrid score interval (Newcombe 1998, Statistics in Medicine 17:873, method 10): Wilson's bounds of each
    share, put together as squares. Unlike the textbook's difference +- z standard errors it does not have width 0 where
    no request failed. Shares in 0..1, the difference in -1..1. Raises ValueError as `wilson_bounds` does: no requests,
    no bounds.
    """
    canary, stable = canary_failed / max(canary_requests, 1), stable_failed / max(stable_requests, 1)
    canary_low, canary_high = wilson_bounds(canary_failed, canary_requests, alpha)
    stable_low, stable_high = wilson_bounds(stable_failed, stable_requests, alpha)
    lower = canary - stable - sqrt((canary - canary_low) ** 2 + (stable_high - stable) ** 2)
    upper = canary - stable + sqrt((canary_high - canary) ** 2 + (stable - stable_low) ** 2)
    return lower, upper
