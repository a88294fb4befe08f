"""The bounds of the mean excess: exact corners, and how often they are wrong when looked at again and again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from promotion.statistics.excess_bounds import excess_bounds

RUNS, PAIRS, LOOKS = 120, 400, 16
drawn_excesses = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), max_size=60)


def test_nothing_shows_nothing() -> None:
    assert excess_bounds([], 0.05) == (-1.0, 1.0)
    assert excess_bounds([1.0], 0.05) == (-1.0, 1.0)


def test_one_bet_by_hand() -> None:
    """Of n excesses of 1, E at m is the mean over the stakes of (1 + stake (1 - m))^n."""
    low, high = excess_bounds([1.0] * 20, 0.01)
    stakes = np.array((0.49, 0.35, 0.22, 0.13, 0.07, 0.035))
    assert ((1 + stakes * (1 - low)) ** 20).mean() == pytest.approx(100, rel=1e-4)
    assert high == 1.0


@given(drawn_excesses, st.sampled_from([0.01, 0.05]))
def test_the_bounds_enclose_the_mean_and_mirror_each_other(seen: list[float], alpha: float) -> None:
    low, high = excess_bounds(seen, alpha)
    assert -1 <= low <= (np.mean(seen) if seen else 0) <= high <= 1
    assert excess_bounds([-one for one in seen], alpha) == pytest.approx((-high, -low), abs=1e-6)
    wider_low, wider_high = excess_bounds(seen, alpha / 10)
    assert wider_low <= low + 1e-6
    assert wider_high >= high - 1e-6


@given(drawn_excesses)
def test_the_order_does_not_matter(seen: list[float]) -> None:
    assert excess_bounds(seen, 0.05) == excess_bounds(sorted(seen), 0.05)


@pytest.mark.parametrize("wrong", [[1.1], [-2.0], [float("nan")]])
def test_what_is_no_excess_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="expected 0 < alpha < 1, and excesses in"):
        excess_bounds(wrong, 0.05)
    with pytest.raises(ValueError, match="alpha is 1"):
        excess_bounds([0.0], 1)


def draw_excesses(generator: np.random.Generator, stable: float, canary: float) -> NDArray[np.float64]:
    wrong = generator.random((2, PAIRS)) < np.array([[stable], [canary]])
    excesses: NDArray[np.float64] = wrong[1].astype(np.float64) - wrong[0]
    return excesses


def share_that_shows(excess: float, *, stable: float, canary: float, seed: int) -> float:
    """Share of runs in which any of the looks shows more than `excess`, at alpha 0.1."""
    generator, found = np.random.default_rng(seed), 0
    for _ in range(RUNS):
        drawn = draw_excesses(generator, stable, canary)
        looks = range(PAIRS // LOOKS, PAIRS + 1, PAIRS // LOOKS)
        found += any(excess_bounds(drawn[:pairs], 0.1)[0] > excess for pairs in looks)
    return found / RUNS


def test_a_canary_at_the_margin_is_shown_to_be_beyond_it_in_at_most_alpha_of_all_runs() -> None:
    """18 % would be three standard deviations too many."""
    assert share_that_shows(0.05, stable=0.1, canary=0.15, seed=1) <= 0.18


def test_a_canary_that_is_much_worse_is_found() -> None:
    assert share_that_shows(0.05, stable=0.1, canary=0.3, seed=2) >= 0.95
