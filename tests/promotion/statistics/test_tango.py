"""Tango's Z against the likelihood itself, and its bound against Z."""

from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from promotion.statistics.tango import tango_lower_bound, tango_z, tango_z_values

Counts = tuple[int, int, int]


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    n = draw(st.integers(1, 2000))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


def score_by_likelihood(b: int, c: int, n: int, margin: float) -> float:
    """The score statistic from the trinomial likelihood, maximised numerically under theta = -margin."""
    shift = -margin  # P(only the canary is right) = P(only stable is right) + shift
    lowest, highest = max(0.0, -shift), (1 - shift) / 2

    def slope(only_stable: float) -> float:
        terms = ((b, only_stable, 1), (c, only_stable + shift, 1), (n - b - c, 1 - 2 * only_stable - shift, -2))
        return sum(factor * count / share for count, share, factor in terms if count)

    # Towards an end at which a share with a count is 0, the slope grows without a bound, so that a sign is enough.
    inside = 1e-13
    if slope(lowest + inside) <= 0:
        estimate = lowest
    elif slope(highest - inside) >= 0:
        estimate = highest
    else:
        estimate = brentq(slope, lowest + inside, highest - inside, xtol=1e-15)
    variance = 2 * estimate + shift - shift**2
    return (c - b - n * shift) / sqrt(n * variance)


@pytest.mark.parametrize(
    ("b", "c", "n", "z"),
    [
        (0, 0, 148, 1.737932),
        (4, 9, 420, 3.106219),
        (12, 18, 700, 3.292245),
        (190, 185, 3300, 3.117083),
        (0, 3, 40, 1.97),
    ],
)
def test_known_values_are_met(b: int, c: int, n: int, z: float) -> None:
    assert tango_z(b, c, n, 0.02) == pytest.approx(z, abs=1e-6 if z != 1.97 else 5e-3)


@given(counts(), st.floats(0.001, 0.5))
def test_z_is_the_score_statistic_of_the_trinomial_likelihood(pairs: Counts, margin: float) -> None:
    assert tango_z(*pairs, margin) == pytest.approx(score_by_likelihood(*pairs, margin), rel=1e-6, abs=1e-6)


@given(counts(), st.floats(0.001, 0.5))
def test_a_negative_margin_asks_for_an_improvement(pairs: Counts, improvement: float) -> None:
    assert tango_z(*pairs, -improvement) == pytest.approx(score_by_likelihood(*pairs, -improvement), rel=1e-6, abs=1e-6)


def test_a_discriminant_of_zero_is_no_error() -> None:
    assert tango_z(10, 0, 255, 0.02) == pytest.approx(-4.9 / sqrt(255 * 0.0196), abs=1e-6)


def test_a_variance_that_rounds_below_zero_is_no_error() -> None:
    assert tango_z(7987, 6582, 21364, 0.9999999999999999) > 1e9


def test_without_disagreement_and_margin_nothing_is_shown() -> None:
    assert tango_z(0, 0, 100, 0.0) == 0.0


def test_without_margin_z_is_that_of_mcnemar() -> None:
    assert tango_z(12, 20, 300, 0.0) == pytest.approx(8 / sqrt(32))


@given(counts(), st.floats(0.001, 0.3))
def test_a_row_more_that_the_canary_has_right_never_lowers_z(pairs: Counts, margin: float) -> None:
    b, c, n = pairs
    if b:
        assert tango_z(b - 1, c, n, margin) >= tango_z(b, c, n, margin) - 1e-6
    if b + c < n and tango_z(b, c, n, margin) >= 0:
        assert tango_z(b, c + 1, n, margin) >= tango_z(b, c, n, margin) - 1e-6


@given(counts(), st.sampled_from([0.01, 0.025, 0.05, 0.2]))
def test_the_bound_is_where_z_is_critical(pairs: Counts, alpha: float) -> None:
    b, c, n = pairs
    bound = tango_lower_bound(b, c, n, alpha)
    if b == n:
        assert bound == -1
    else:
        assert bound < (c - b) / n or c == n
        assert tango_z(b, c, n, -bound) == pytest.approx(norm.isf(alpha), abs=1e-4)


@given(counts(), st.floats(0.001, 0.5))
def test_bound_and_z_agree_on_what_is_shown(pairs: Counts, margin: float) -> None:
    bound, z, critical = tango_lower_bound(*pairs, 0.05), tango_z(*pairs, margin), float(norm.isf(0.05))
    if not isclose(z, critical, abs_tol=1e-6):
        assert (bound > -margin) is (z > critical)


@pytest.mark.parametrize("n", [1, 59, 149, 10_000])
def test_without_disagreement_the_bound_is_closed(n: int) -> None:
    squared = norm.isf(0.05) ** 2
    assert tango_lower_bound(0, 0, n, 0.05) == pytest.approx(-squared / (n + squared))


@pytest.mark.parametrize("pairs", [(0, 0, 0), (-1, 0, 5), (0, -1, 5), (3, 3, 5)])
def test_impossible_counts_are_refused(pairs: Counts) -> None:
    with pytest.raises(ValueError, match="expected n > 0"):
        tango_z(*pairs, 0.02)
    with pytest.raises(ValueError, match="expected n > 0"):
        tango_lower_bound(*pairs, 0.05)


@pytest.mark.parametrize("margin", [1.0, -1.0, 2.0, float("nan")])
def test_a_margin_that_is_no_share_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="margin is"):
        tango_z(1, 2, 10, margin)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, float("nan")])
def test_an_alpha_that_shows_nothing_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha is"):
        tango_lower_bound(1, 2, 10, alpha)


@given(st.lists(counts(), min_size=1, max_size=5), st.floats(-0.5, 0.5))
def test_many_counts_give_what_each_gives(many: list[Counts], margin: float) -> None:
    b, c, n = zip(*many, strict=True)
    expected = [tango_z(*pairs, margin) for pairs in many]
    assert tango_z_values(b, c, n, margin) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_many_counts_without_disagreement_and_margin_show_nothing() -> None:
    assert tango_z_values([0, 12], [0, 20], [100, 300], 0.0) == pytest.approx([0.0, 8 / sqrt(32)])
