"""Holm's correction: many slices are looked at, and one of them looks bad by chance."""

from collections.abc import Sequence


def holm_rejections(p_values: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which hypotheses are rejected, in the order given, with at most alpha for even one rejected wrongly.

    Step-down (Holm 1979, Scandinavian Journal of Statistics 6:65): the k-th smallest of m p-values (k = 0, 1, ...) is
    rejected while it is <= alpha / (m - k). Holds whatever the dependence. No p-values give no rejections.
    """
    order = sorted(range(len(p_values)), key=lambda position: p_values[position])
    rejected = [False] * len(p_values)
    for step, position in enumerate(order):
        if p_values[position] > alpha / (len(p_values) - step):
            break
        rejected[position] = True
    return tuple(rejected)
