"""How many rows a margin takes: an explicit floor below which nothing is promoted, and a plan for a disagreement."""

from math import ceil, log, log1p

from scipy.stats import norm


def row_floor(margin: float, alpha: float) -> int:
    """Fewest rows that can show a margin: the smallest n with (1 - margin)^n <= alpha (149 at 0.02 and alpha 0.05).

    With fewer rows, a canary that is worse by the whole margin loses no row at all more often than alpha. It is a rule
    of its own beside Tango's test, which alone would promote b = 0, c = 3 at 40 rows, and whose true size at 133 rows
    is 6.8 %. Raises ValueError unless margin and alpha are between 0 and 1.
    """
    _refuse_outside_0_and_1(margin=margin, alpha=alpha)
    return ceil(log(alpha) / log1p(-margin))


def rows_needed(disagreement: float, margin: float, alpha: float, power: float) -> int:
    """About how many rows show `margin`, with probability `power`, for a canary that is as good as stable.

    (z(1 - alpha) + z(power))^2 * disagreement / margin^2, rounded up: the normal approximation, which gives 89 % rather
    than 90 % at a disagreement of 0.06 and 86 % at 0.03. disagreement is the share (b + c) / n of rows that one
    revision alone has right; at 0 the answer is 0, and `row_floor` is what counts.
    Raises ValueError unless disagreement is in 0..1 and the other three are between 0 and 1.
    """
    _refuse_outside_0_and_1(margin=margin, alpha=alpha, power=power)
    if not 0 <= disagreement <= 1:
        raise ValueError(f"disagreement is {disagreement}; expected a share in 0..1")
    return ceil(float(norm.isf(alpha) + norm.ppf(power)) ** 2 * disagreement / margin**2)


def _refuse_outside_0_and_1(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 < share < 1:
            raise ValueError(f"{name} is {share}; expected a share between 0 and 1")
