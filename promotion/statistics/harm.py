"""The exact sign test: is the canary shown to be worse at all?"""

from scipy.stats import binomtest


def harm_p_value(b: int, c: int) -> float:
    """P-value of H0: a row that one revision alone has right is as often the canary's as stable's, against harm.

    The one-sided exact sign test, McNemar's exact test in one direction: P(X >= b) for X ~ Binomial(b + c, 1/2).
    b: rows that only stable has right; c: rows that only the canary has right; 1.0 where b = 0.
    Raises ValueError where b or c is negative.
    """
    if b < 0 or c < 0:
        raise ValueError(f"b = {b}, c = {c}; expected counts of at least 0")
    if b == 0:
        return 1.0
    return float(binomtest(b, b + c, 0.5, alternative="greater").pvalue)
