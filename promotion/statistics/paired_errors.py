"""Regression models: is the canary shown not to err by more than a margin more than stable, in the mean?

The margin is a share of stable's mean absolute error, so that it needs no unit. Then H0, mean |canary's error| >=
(1 + margin) mean |stable's error|, is linear in the paired errors and exact tests of a mean apply.
"""

from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, norm, t

Errors = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ErrorBounds:
    """One-sided upper bounds of the relative growth of the error, mean |canary's| / mean |stable's| - 1."""

    by_t: float
    """Where the t test at alpha turns (Fieller's bound); infinite where no margin is shown."""
    by_bootstrap: float
    """Bias-corrected and accelerated (Efron 1987, JASA 82:171), of the ratio itself."""

    @property
    def larger(self) -> float:
        """The more careful one of the two."""
        return max(self.by_t, self.by_bootstrap)


def error_growth(stable: Errors, canary: Errors) -> float:
    """mean |canary's error| / mean |stable's error| - 1, of paired absolute errors; infinite where stable has none.

    0 where neither has any. Raises ValueError unless both are finite, at least 0, and as many, with one at least.
    """
    _refuse_what_is_no_error(stable, canary)
    mean_stable, mean_canary = float(stable.mean()), float(canary.mean())
    if mean_stable == 0:
        return inf if mean_canary > 0 else 0.0
    return mean_canary / mean_stable - 1


def error_growth_t(stable: Errors, canary: Errors, margin: float) -> float:
    """The t statistic of H0: the error grows by `margin` or more; larger is better for the canary.

    Of (1 + margin) |stable's error| - |canary's error|, n - 1 degrees of freedom. Where that is the same in every row,
    infinite with its sign, and 0 where it is 0. Raises ValueError as `error_growth` does, and for fewer than two rows.
    """
    _refuse_what_is_no_error(stable, canary)
    if len(stable) < 2:
        raise ValueError("1 row; expected at least 2, as one has no spread")
    room = (1 + margin) * stable - canary
    mean, spread = float(room.mean()), float(room.std(ddof=1))
    if spread <= 1e-12 * max(float(np.abs(room).max()), 1e-300):
        return inf * np.sign(mean) if abs(mean) > 0 else 0.0
    return mean / (spread / sqrt(len(room)))


def harm_of_errors(stable: Errors, canary: Errors) -> float:
    """P-value of H0: the canary errs no more than stable in the mean, by the paired t test; 1.0 where all are equal."""
    if not np.any(stable != canary):
        return 1.0
    return float(t.sf(-error_growth_t(stable, canary, 0.0), len(stable) - 1))


def error_growth_bounds(
    stable: Errors, canary: Errors, alpha: float, *, seed: int, resamples: int = 4999
) -> ErrorBounds:
    """Both upper bounds at `alpha`; seeded, so that the same errors give the same bounds. At least two rows.

    Raises ValueError as `error_growth_t` does, and unless 0 < alpha < 0.5.
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}; expected a share above 0 and below 0.5")
    growth = error_growth(stable, canary)
    by_t = error_growth_bound_by_t(stable, canary, alpha)
    if not np.isfinite(growth) or np.allclose(canary, (1 + growth) * stable, rtol=1e-12, atol=0):
        return ErrorBounds(by_t, growth)  # every resample has the same growth

    def growth_of(stable_errors: Errors, canary_errors: Errors, axis: int) -> Errors:
        grown: Errors = canary_errors.mean(axis=axis) / stable_errors.mean(axis=axis) - 1
        return grown

    interval = bootstrap(
        (stable, canary),
        growth_of,
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 2_000_000 // len(stable)),
        confidence_level=1 - 2 * alpha,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return ErrorBounds(by_t, float(interval.high) if np.isfinite(interval.high) else inf)


def error_rows_needed(stable: Errors, canary: Errors, margin: float, alpha: float, power: float) -> int | None:
    """About how many rows show that the error grows by less than `margin`, with probability `power`.

    Of a canary that errs as stable does in the mean, its differences spread as those seen: (z(1 - alpha) + z(power))^2
    (s / (margin mean |stable's error|))^2, rounded up, where s is the standard deviation of (1 + margin) |stable's
    error| - |canary's error|. None where stable has no error, so that no share of it can be shown. Raises ValueError as
    `error_growth_t` does, and unless margin, alpha and power are between 0 and 1.
    """
    if not all(0 < share < 1 for share in (margin, alpha, power)):
        raise ValueError(f"margin {margin}, alpha {alpha}, power {power}; expected shares between 0 and 1")
    error_growth_t(stable, canary, margin)  # refuses what are no paired errors
    mean = float(stable.mean())
    if mean == 0:
        return None
    spread = float(((1 + margin) * stable - canary).std(ddof=1))
    return ceil((float(norm.isf(alpha) + norm.ppf(power)) * spread / (margin * mean)) ** 2)


def error_growth_bound_by_t(stable: Errors, canary: Errors, alpha: float) -> float:
    """One-sided upper bound of the growth at `alpha`, where the t test turns; infinite where no margin is shown.

    Fieller's: the larger root 1 + m of ((1 + m) s - c)^2 = t^2 var((1 + m) s - c) / n, where there is one. Raises
    ValueError as `error_growth_t` does.
    """
    n = len(stable)
    error_growth_t(stable, canary, 0.0)  # refuses a single row
    squared = float(t.isf(alpha, n - 1)) ** 2 / n
    (var_stable, covariance), (_, var_canary) = np.cov(stable, canary)
    mean_stable, mean_canary = float(stable.mean()), float(canary.mean())
    quadratic = mean_stable**2 - squared * var_stable
    half_linear = mean_stable * mean_canary - squared * covariance
    constant = mean_canary**2 - squared * var_canary
    if quadratic <= 0:
        return 0.0 if not np.any(stable != canary) and not mean_stable else inf
    return float((half_linear + sqrt(max(half_linear**2 - quadratic * constant, 0.0))) / quadratic) - 1


def _refuse_what_is_no_error(stable: Errors, canary: Errors) -> None:
    if stable.ndim != 1 or stable.shape != canary.shape or not len(stable):
        raise ValueError(f"shapes are {stable.shape} and {canary.shape}; expected as many errors of each, one at least")
    errors = np.concatenate([stable, canary])
    if not np.isfinite(errors).all() or errors.min() < 0:
        raise ValueError("an error is negative or no finite number; expected absolute errors")
