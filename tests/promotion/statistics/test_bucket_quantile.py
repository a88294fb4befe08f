"""A quantile's bounds from a histogram, held against the order statistics that they stand for."""

from collections.abc import Sequence
from math import exp, inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from promotion.statistics.bucket_quantile import quantile_at_most, quantile_bounds

SHARES = [0.5, 0.95, 0.99]
histograms = st.lists(st.integers(0, 40), min_size=1, max_size=8)


def edges_of(counts: Sequence[int]) -> list[float]:
    return [float(place + 1) for place in range(len(counts))]


@given(histograms, st.sampled_from(SHARES), st.sampled_from([0.01, 0.05]))
@settings(max_examples=300, deadline=None)
def test_the_bounds_are_the_order_statistics_buckets(counts: list[int], share: float, alpha: float) -> None:
    observed = np.repeat(np.arange(len(counts)), counts)
    n = len(observed)
    lower, upper = quantile_bounds(counts, edges_of(counts), share, alpha)
    lows = [rank for rank in range(1, n + 1) if binom.cdf(rank - 1, n, share) <= alpha]
    highs = [rank for rank in range(1, n + 1) if binom.cdf(rank - 1, n, share) >= 1 - alpha]
    assert lower == (float(observed[lows[-1] - 1]) if lows else 0.0)
    assert upper == (float(observed[highs[0] - 1] + 1) if highs else inf)


@given(histograms.filter(any), st.sampled_from(SHARES))
@settings(deadline=None)
def test_the_sample_s_own_quantile_lies_within_its_bounds(counts: list[int], share: float) -> None:
    lower, upper = quantile_bounds(counts, edges_of(counts), share, 0.05)
    assert lower <= quantile_at_most(counts, edges_of(counts), share) <= upper


@pytest.mark.parametrize("share", SHARES)
def test_the_true_quantile_is_missed_in_at_most_alpha_of_the_samples(share: float) -> None:
    generator = np.random.default_rng(0)
    edges = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, inf]
    truth = exp(-5 + 0.8 * float(norm.ppf(share)))
    below = above = 0
    for _ in range(1000):
        counts = np.histogram(generator.lognormal(-5, 0.8, 300), [0, *edges])[0].tolist()
        lower, upper = quantile_bounds(counts, edges, share, 0.05)
        below, above = below + (lower > truth), above + (upper < truth)
    assert max(below, above) / 1000 <= 0.05 + 3 * sqrt(0.05 * 0.95 / 1000)


def test_no_observations_bound_nothing() -> None:
    assert quantile_bounds([0, 0], [1.0, inf], 0.95, 0.05) == (0.0, inf)
    with pytest.raises(ValueError, match="no observations"):
        quantile_at_most([0, 0], [1.0, inf], 0.95)


def test_five_answers_bound_a_p95_only_where_some_are_slow() -> None:
    assert quantile_bounds([0, 5], [0.1, inf], 0.95, 0.05) == (0.1, inf)
    assert quantile_bounds([3, 2], [0.1, inf], 0.95, 0.05) == (0.1, inf)
    assert quantile_bounds([5, 0], [0.1, inf], 0.95, 0.05) == (0.0, inf)


@pytest.mark.parametrize(
    ("counts", "edges", "share", "alpha"),
    [([1], [], 0.5, 0.05), ([1, 1], [2.0, 1.0], 0.5, 0.05), ([-1], [1.0], 0.5, 0.05), ([1], [1.0], 1.0, 0.05)],
)
def test_what_is_no_histogram_is_refused(counts: list[int], edges: list[float], share: float, alpha: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        quantile_bounds(counts, edges, share, alpha)
