"""A sequential test row by row: it ends as its rules say, once, and goes on where it was stored."""

import pickle
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promotion.statistics.anytime_harm import shows_harm_anytime
from promotion.statistics.e_process import EProcess
from promotion.statistics.flat_rule import FlatRule
from promotion.statistics.sequential_run import SequentialEnd, SequentialRun

FLAT = FlatRule(margin=0.1, alpha=0.05, floor=29, horizon=60)
BETS = EProcess(margin=0.1, alpha=0.05, floor=29)
SAME, LOST, GAINED = (True, True), (True, False), (False, True)
rows = st.lists(st.sampled_from([SAME, SAME, SAME, LOST, GAINED]), max_size=90)
rules = st.sampled_from([FLAT, BETS])


@given(rows, rules)
@settings(max_examples=30)
def test_it_ends_at_the_first_row_that_a_rule_ends_it_at(seen: list[tuple[bool, bool]], rule: FlatRule) -> None:
    run = SequentialRun(rule).after_rows(seen)
    b, c = (np.cumsum([row == kind for row in seen], dtype=int) for kind in (LOST, GAINED))
    n = np.arange(1, len(seen) + 1)
    ended = shows_harm_anytime(b, c, 0.05) | rule.promotes(b, c, n) | (isinstance(rule, FlatRule) & (n == 60))
    if ended.any():
        first = int(np.argmax(ended))
        assert (run.n, run.b, run.c) == (first + 1, b[first], c[first])
        assert run.end is not None
    else:
        assert (run.n, run.end) == (len(seen), None)


@given(rows, rules, st.integers(0, 90))
@settings(max_examples=30)
def test_stored_on_the_way_it_goes_on_as_if_never_stopped(
    seen: list[tuple[bool, bool]], rule: FlatRule, stop: int
) -> None:
    stored = pickle.dumps(SequentialRun(rule).after_rows(seen[:stop]))
    resumed: SequentialRun = pickle.loads(stored)  # noqa: S301 -- our own bytes
    assert resumed.continued_by(rule).after_rows(seen[stop:]) == SequentialRun(rule).after_rows(seen)


@pytest.mark.parametrize(
    ("row", "rule", "end"),
    [
        (SAME, FLAT, SequentialEnd.NOT_WORSE_SHOWN),
        (SAME, BETS, SequentialEnd.NOT_WORSE_SHOWN),
        (LOST, FLAT, SequentialEnd.HARM_SHOWN),
        (LOST, BETS, SequentialEnd.HARM_SHOWN),
        (GAINED, FLAT, SequentialEnd.NOT_WORSE_SHOWN),
    ],
)
def test_an_end_stands_whatever_comes_after_it(
    row: tuple[bool, bool], rule: FlatRule | EProcess, end: SequentialEnd
) -> None:
    run = SequentialRun(rule).after_rows([row] * 100)
    assert run.end is end
    assert run.after_rows([LOST, GAINED] * 50) == run


def test_at_the_horizon_it_is_inconclusive_for_good() -> None:
    run = SequentialRun(FLAT).after_rows([SAME, SAME, SAME, SAME, SAME, SAME, LOST, GAINED] * 8)
    assert (run.n, run.end) == (60, SequentialEnd.HORIZON_REACHED)


@pytest.mark.parametrize(
    "other",
    [
        replace(FLAT, horizon=61),
        replace(FLAT, margin=0.11),
        replace(FLAT, alpha=0.04),
        replace(FLAT, floor=28),
        BETS,
    ],
)
def test_another_test_does_not_continue_it(other: FlatRule | EProcess) -> None:
    run = SequentialRun(FLAT).after_rows([SAME] * 10)
    with pytest.raises(ValueError, match="the run of 10 rows began with FlatRule"):
        run.continued_by(other)


def test_its_state_is_a_few_numbers() -> None:
    run = SequentialRun(FLAT).after_rows([SAME, LOST, GAINED])
    assert asdict(run) == {
        "rule": {"margin": 0.1, "alpha": 0.05, "floor": 29, "horizon": 60},
        "n": 3,
        "b": 1,
        "c": 1,
        "end": None,
    }
