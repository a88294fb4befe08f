"""A sequential test row by row: what it has seen, as a few integers that can be stored, and whether it has ended.

Harm is looked at first at each row, then the promotion. What ended stays ended: rows after it change nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from promotion.statistics.anytime_harm import shows_harm_anytime
from promotion.statistics.e_process import EProcess
from promotion.statistics.flat_rule import FlatRule


class SequentialEnd(StrEnum):
    """How a sequential test ends."""

    NOT_WORSE_SHOWN = "NOT_WORSE_SHOWN"
    HARM_SHOWN = "HARM_SHOWN"
    HORIZON_REACHED = "HORIZON_REACHED"
    """The flat rule saw all of its rows and promoted at none: inconclusive for good."""


@dataclass(frozen=True, slots=True)
class SequentialRun:
    """The state after n rows. It is the whole state: a run that is stored and read back goes on as if never stopped."""

    rule: FlatRule | EProcess
    n: int = 0
    b: int = 0
    """Rows that only stable had right."""
    c: int = 0
    """Rows that only the canary had right."""
    end: SequentialEnd | None = None

    def after_row(self, *, stable_right: bool, canary_right: bool) -> "SequentialRun":
        """The state after one more row; the same where the run has ended."""
        if self.end is not None:
            return self
        n, b, c = self.n + 1, self.b + (stable_right and not canary_right), self.c + (canary_right and not stable_right)
        return replace(self, n=n, b=b, c=c, end=_end(self.rule, n, b, c))

    def after_rows(self, rows: Iterable[tuple[bool, bool]]) -> "SequentialRun":
        """The state after rows of (stable is right, the canary is right), one by one in the order given."""
        run = self
        for stable_right, canary_right in rows:
            run = run.after_row(stable_right=stable_right, canary_right=canary_right)
            if run.end is not None:
                break
        return run

    def continued_by(self, rule: FlatRule | EProcess) -> "SequentialRun":
        """The same run. Raises ValueError where `rule` is not the one it began with: that would be another test."""
        if rule != self.rule:
            raise ValueError(f"the run of {self.n} rows began with {self.rule}; {rule} is another test on new rows")
        return self


def _end(rule: FlatRule | EProcess, n: int, b: int, c: int) -> SequentialEnd | None:
    if shows_harm_anytime(b, c, rule.alpha):
        return SequentialEnd.HARM_SHOWN
    if rule.promotes(b, c, n):
        return SequentialEnd.NOT_WORSE_SHOWN
    if isinstance(rule, FlatRule) and n >= rule.horizon:
        return SequentialEnd.HORIZON_REACHED
    return None
