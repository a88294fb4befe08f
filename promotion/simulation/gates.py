"""The gates that are compared: ours, and those that one would write first."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from promotion.gate.policy import GatePolicy
from promotion.simulation.canaries import Histories
from promotion.statistics.anytime_harm import shows_harm_anytime
from promotion.statistics.e_process import EProcess
from promotion.statistics.exact_rates import rows_for_power
from promotion.statistics.flat_rule import FlatRule
from promotion.statistics.row_floor import row_floor
from promotion.statistics.tango import tango_z_values

Truths = NDArray[np.bool_]
LOOK_EVERY = 25


@dataclass(frozen=True, slots=True)
class Ends:
    """How runs ended; one of each a run."""

    promoted: Truths
    rejected: Truths
    rows: NDArray[np.int32]
    """Looked at until then."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that is simulated."""

    name: str
    rows: int
    """Most rows that it looks at."""
    is_naive: bool
    judge: Callable[[Histories], Ends]
    """Of histories with at least `rows` rows."""


def gates_for(policy: GatePolicy, disagreement: float) -> list[Gate]:
    """Ours and the naive ones, planned for `policy` and the disagreement that is expected.

    Naive gates see the rows of the fixed test; the e-process twice as many.
    """
    margin, alpha = policy.margin, policy.alpha
    rows = rows_for_power(disagreement, margin, alpha, policy.power)
    flat = FlatRule.planned(margin=margin, alpha=alpha, power=policy.power, disagreement=disagreement)
    bets = EProcess.at(margin=margin, alpha=alpha)
    shows = _tango(margin, alpha)

    def fixed(seen: Histories) -> Ends:
        b, c = seen.b[:, rows - 1], seen.c[:, rows - 1]
        promoted = shows(b, c, np.int32(rows))
        return Ends(promoted, ~promoted & _is_harmed(b, c, alpha), np.full(len(b), rows, dtype=np.int32))

    def by_point_estimate(seen: Histories) -> Ends:
        promoted = (seen.c - seen.b)[:, rows - 1] >= -margin * rows
        return Ends(promoted, ~promoted, np.full(len(promoted), rows, dtype=np.int32))

    def by_peeking(seen: Histories) -> Ends:
        looks = slice(LOOK_EVERY - 1, rows, LOOK_EVERY)
        b, c, n = seen.b[:, looks], seen.c[:, looks], seen.rows[looks]
        return _first(shows(b, c, n), _is_harmed(b, c, alpha), n)

    return [
        Gate("fixed test", rows, False, fixed),
        Gate("flat rule, every row", flat.horizon, False, _row_by_row(flat, flat.horizon)),
        Gate("e-process, every row", 2 * rows, False, _row_by_row(bets, 2 * rows)),
        Gate("point estimate", rows, True, by_point_estimate),
        Gate("no significant difference", rows, True, _no_significant_difference(rows, alpha)),
        Gate("the same on 40 rows", 40, True, _no_significant_difference(40, alpha)),
        Gate(f"fixed test every {LOOK_EVERY} rows", rows, True, by_peeking),
    ]


def _tango(margin: float, alpha: float) -> Callable[..., Truths]:
    floor, critical_z = row_floor(margin, alpha), float(norm.isf(alpha))

    def shows(b: NDArray[np.int32], c: NDArray[np.int32], n: NDArray[np.int32]) -> Truths:
        return (tango_z_values(b, c, n, margin) >= critical_z) & (n >= floor)

    return shows


def _no_significant_difference(rows: int, alpha: float) -> Callable[[Histories], Ends]:
    """McNemar's exact test, two-sided, as it is often asked: promote unless it finds the canary worse."""

    def judge(seen: Histories) -> Ends:
        b, c = seen.b[:, rows - 1], seen.c[:, rows - 1]
        is_different = np.asarray(2 * binom.cdf(np.minimum(b, c), b + c, 0.5) <= alpha, dtype=np.bool_)
        is_worse = is_different & (b > c)
        return Ends(~is_worse, is_worse, np.full(len(b), rows, dtype=np.int32))

    return judge


def _row_by_row(rule: FlatRule | EProcess, rows: int) -> Callable[[Histories], Ends]:
    def judge(seen: Histories) -> Ends:
        b, c, n = seen.b[:, :rows], seen.c[:, :rows], seen.rows[:rows]
        most = int(max(b.max(), c.max())) + 1
        harmed = shows_harm_anytime(*np.meshgrid(np.arange(most), np.arange(most), indexing="ij"), rule.alpha)
        return _first(rule.promotes(b, c, n), harmed[b, c], n)

    return judge


def _is_harmed(b: NDArray[np.int32], c: NDArray[np.int32], alpha: float) -> Truths:
    return np.asarray(binom.sf(b - 1, b + c, 0.5) <= alpha, dtype=np.bool_)


def _first(promotes: Truths, harms: Truths, n: NDArray[np.int32]) -> Ends:
    """What came first, harm where both came at once; a look a column, after n rows each."""
    ends = promotes | harms
    first = np.where(ends.any(axis=1), ends.argmax(axis=1), ends.shape[1] - 1)
    run = np.arange(len(ends))
    rejected = harms[run, first]
    return Ends(promotes[run, first] & ~rejected, rejected, n[first])
