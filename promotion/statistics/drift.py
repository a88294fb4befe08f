"""Drift: are the answers in live traffic spread as those on the holdout are?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, ks_2samp


def population_stability_index(expected: Sequence[int], observed: Sequence[int]) -> float:
    """PSI of two samples by their counts in the same categories: sum of (o - e) ln(o / e) over shares o and e.

    Below 0.1 is commonly called stable, above 0.25 a shift; it is no test, and grows as rows get fewer. Half a row is
    added to each category, so that an empty one does not make it infinite. Raises ValueError unless there are as many
    counts of each, none negative, and at least one row of each.
    """
    both = _counts(expected, observed)
    shares = (both + 0.5) / (both + 0.5).sum(axis=1, keepdims=True)
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def category_drift_p_value(expected: Sequence[int], observed: Sequence[int]) -> float:
    """P-value of H0: both samples come from one spread over the categories (chi-square test of homogeneity).

    1.0 where only one category occurs. An approximation: good where most categories have at least 5 rows of each.
    Raises ValueError as `population_stability_index` does.
    """
    both = _counts(expected, observed)
    occurring = both[:, both.sum(axis=0) > 0]
    if occurring.shape[1] < 2:
        return 1.0
    return float(chi2_contingency(occurring, correction=False).pvalue)


def number_drift_p_value(expected: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    """P-value of H0: both samples of numbers, such as confidences, come from one distribution (Kolmogorov-Smirnov).

    Raises ValueError where one of them is empty or holds what is no finite number.
    """
    if not len(expected) or not len(observed) or not np.isfinite(np.concatenate([expected, observed])).all():
        raise ValueError(f"{len(expected)} and {len(observed)} numbers; expected finite ones, at least one of each")
    return float(ks_2samp(expected, observed).pvalue)


def _counts(expected: Sequence[int], observed: Sequence[int]) -> NDArray[np.float64]:
    if len(expected) != len(observed) or min([*expected, *observed, 0]) < 0 or not sum(expected) or not sum(observed):
        raise ValueError(
            f"counts are {list(expected)} and {list(observed)}; expected as many of each, at least 0, and some rows"
        )
    return np.array([expected, observed], dtype=np.float64)
