"""Labels that come over time: a table that grows by a row for each label, judged row by row, as often as one likes.

What was judged is kept as a few integers beside the rule, so a run goes on after any stop, and only as the test that it
began as: with another margin, alpha, floor or horizon, or other rows in the place of those judged, it is refused.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, sqrt
from pathlib import Path
from typing import Annotated, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from scipy.stats import norm

from bundle.one_line import explain_first
from promotion.errors import PromotionError
from promotion.gate.outcome import Outcome
from promotion.gate.record import replace_at_once
from promotion.statistics.e_process import EProcess
from promotion.statistics.flat_rule import FlatRule
from promotion.statistics.sequential_run import SequentialEnd, SequentialRun
from promotion.statistics.tango import tango_z

COLUMNS = ("label", "stable", "canary")


class FollowedRowsUnusable(PromotionError):
    """Rows or a state that cannot be gone on with; the message names the file and what is expected."""


class _FlatState(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    test: Literal["flat"] = "flat"
    margin: float
    alpha: float
    floor: int
    horizon: int

    def to_rule(self) -> FlatRule:
        """The rule itself."""
        return FlatRule(self.margin, self.alpha, self.floor, self.horizon)


class _BettingState(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    test: Literal["e-process"] = "e-process"
    margin: float
    alpha: float
    floor: int

    def to_rule(self) -> EProcess:
        """The rule itself."""
        return EProcess(self.margin, self.alpha, self.floor)


class FollowedState(BaseModel):
    """The run after its newest row, and which rows those were."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    rule: Annotated[_FlatState | _BettingState, Field(discriminator="test")]
    n: int = Field(ge=0)
    b: int = Field(ge=0)
    c: int = Field(ge=0)
    end: SequentialEnd | None
    rows_digest: str
    """sha256 over the n rows."""

    @model_validator(mode="after")
    def _counts_are_of_rows(self) -> Self:
        if self.b + self.c > self.n:
            raise ValueError(f"b = {self.b}, c = {self.c} of n = {self.n} rows; expected no more than there are")
        return self

    @classmethod
    def of(cls, run: SequentialRun, rows_digest: str) -> "FollowedState":
        """The state of `run`."""
        rule = run.rule
        stated: _FlatState | _BettingState
        if isinstance(rule, FlatRule):
            stated = _FlatState(margin=rule.margin, alpha=rule.alpha, floor=rule.floor, horizon=rule.horizon)
        else:
            stated = _BettingState(margin=rule.margin, alpha=rule.alpha, floor=rule.floor)
        return cls(rule=stated, n=run.n, b=run.b, c=run.c, end=run.end, rows_digest=rows_digest)

    def to_run(self) -> SequentialRun:
        """The run that goes on."""
        return SequentialRun(self.rule.to_rule(), self.n, self.b, self.c, self.end)


@dataclass(frozen=True, slots=True)
class FollowedVerdict:
    """What the rows so far say."""

    outcome: Outcome
    headline: str
    is_final: bool
    """Whether more rows change nothing."""
    run: SequentialRun


def read_state(path: Path) -> FollowedState | None:
    """The state at `path`, or None where there is none yet. Raises FollowedRowsUnusable."""
    try:
        return FollowedState.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FollowedRowsUnusable(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise FollowedRowsUnusable(f"{path}: no state of a run: {explain_first(error)}") from error


def follow_rows(rows: Path, state: Path, rule: FlatRule | EProcess) -> FollowedVerdict:
    """Judge what has come to `rows` since `state` was written, and write it. Can be repeated.

    Raises FollowedRowsUnusable where the run in `state` began with another rule, or with other rows.
    """
    before = read_state(state)
    run = SequentialRun(rule)
    if before is not None:
        try:
            run = before.to_run().continued_by(rule)
        except ValueError as error:
            raise FollowedRowsUnusable(f"{state}: {error}; expected the same, or another --state") from error
    digest, seen = hashlib.sha256(), 0
    for row in _read_rows(rows):
        if before is not None and seen == before.n:
            _refuse_other_rows(digest.hexdigest(), before, rows)
        if seen >= run.n and run.end is not None:
            break
        label, stable, canary = row
        digest.update(orjson.dumps(row))
        seen += 1
        if seen > run.n:
            run = run.after_row(stable_right=stable == label, canary_right=canary == label)
    if before is not None and seen <= before.n:
        _refuse_other_rows(digest.hexdigest(), before, rows)
    _write(state, FollowedState.of(run, digest.hexdigest()))
    return FollowedVerdict(_OUTCOMES[run.end], _headline(run), run.end is not None, run)


def _write(path: Path, state: FollowedState) -> None:
    try:
        replace_at_once(path, state.model_dump_json(indent=2).encode() + b"\n")
    except OSError as error:
        raise FollowedRowsUnusable(f"{path} cannot be written: {error.strerror}") from error


def _refuse_other_rows(digest: str, before: FollowedState, rows: Path) -> None:
    if digest != before.rows_digest:
        found = f"{rows}: its first {before.n} rows are not those that were judged"
        raise FollowedRowsUnusable(f"{found}; expected rows to be added only")


def _read_rows(path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as text:
            table = csv.DictReader(text, strict=True)
            if missing := set(COLUMNS) - set(table.fieldnames or ()):
                raise FollowedRowsUnusable(f"{path}: no column {min(missing)!r}; expected {', '.join(COLUMNS)}")
            for row in table:
                cells = (row["label"] or "").strip(), (row["stable"] or "").strip(), (row["canary"] or "").strip()
                if not all(cells):
                    where = f"{path}, line {table.line_num}: no {COLUMNS[cells.index('')]}"
                    raise FollowedRowsUnusable(f"{where}; expected rows whose label is there")
                yield cells
    except OSError as error:
        raise FollowedRowsUnusable(f"{path} cannot be read: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise FollowedRowsUnusable(f"{path}: no CSV table: {error}") from error


def _headline(run: SequentialRun) -> str:
    margin = f"a margin of {run.rule.margin:g}"
    match run.end:
        case SequentialEnd.NOT_WORSE_SHOWN:
            return f"{run.n} rows show {margin}: {_strength(run)}"
        case SequentialEnd.HARM_SHOWN:
            return f"the canary is worse: of {run.n} rows it loses {run.b} that stable has right and gains {run.c}"
        case SequentialEnd.HORIZON_REACHED:
            return f"{run.n} rows, all that were planned, do not show {margin}: {_strength(run)}"
        case None:
            most = f" of at most {run.rule.horizon}" if isinstance(run.rule, FlatRule) else ""
            few = f"; nothing is promoted below {run.rule.floor}" if run.n < run.rule.floor else ""
            return f"{run.n} rows{most} do not show {margin} yet: {_strength(run)}{few}"


def _strength(run: SequentialRun) -> str:
    if run.n == 0:
        return "there are none"
    if isinstance(run.rule, FlatRule):
        needed = float(norm.isf(run.rule.alpha / 2)) * sqrt(run.rule.horizon / run.n)
        return f"Z = {tango_z(run.b, run.c, run.n, run.rule.margin):.2f}, at least {needed:.2f} is needed at this row"
    e_value = exp(float(run.rule.log_e_value(run.b, run.c, run.n)))
    return f"the e-value is {e_value:.3g}, at least {1 / run.rule.alpha:g} is needed"


_OUTCOMES = {
    SequentialEnd.NOT_WORSE_SHOWN: Outcome.PROMOTE,
    SequentialEnd.HARM_SHOWN: Outcome.REJECT,
    SequentialEnd.HORIZON_REACHED: Outcome.INCONCLUSIVE,
    None: Outcome.INCONCLUSIVE,
}
