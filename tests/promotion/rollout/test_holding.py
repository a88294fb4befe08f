"""A rollout that was judged INCONCLUSIVE and has a look left: it holds at 0 % for further rows, or goes back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.further_rows import RolloutRows, keep_rows, rows_in_directory
from dataset import LabelledRows
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.judgement import judge_canary
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.orders import GivenRows, Order, OrderKind, RowsUnreachable
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState, StopCode
from promotion.rollout.runner import RolloutRunner
from tests.promotion.evidence.columns import make_holdout
from tests.promotion.rollout.events import AT
from tests.promotion.rollout.surroundings import FakeClock, Surroundings, assert_went_back, failing_with, new_record
from tests.promotion.rollout.test_waits import when

PLAN = RolloutPlan((20, 100), looks=3, hold_seconds=600.0)
POLICY = GatePolicy(looks=3, classes_are_judged=False)
ALL_ROWS = make_holdout(400)
ALL_ROWS = replace(ALL_ROWS, features=np.column_stack([ALL_ROWS.features[:, :3], np.arange(400.0)]))  # no row twice
FIRST = ALL_ROWS.first(60)
"""Too few for any look."""


def part(first: int, last: int, name: str = "more.csv") -> LabelledRows:
    return replace(ALL_ROWS, name=name, features=ALL_ROWS.features[first:last], labels=ALL_ROWS.labels[first:last])


@pytest.fixture
def orders(around: Surroundings, store: FileRolloutStore) -> FileRolloutOrders:
    around.orders = FileRolloutOrders(store.directory)
    return around.orders


class Promoter:
    """The runner on FIRST, with what is handed in to `directory`."""

    def __init__(self, around: Surroundings, orders: FileRolloutOrders) -> None:
        self.around = around
        self.orders = orders
        self.rows = RolloutRows(FIRST, rows_in_directory(orders.directory))
        self.judged: list[int] = []

    def hand_in(self, rows: LabelledRows, *, by: str = "ann@desk") -> None:
        keep_rows(self.orders.directory, 1, rows)
        given = GivenRows(rows.name, rows.digest, len(rows))
        self.orders.give(Order(1, OrderKind.ROWS, by, AT, given=given))

    def run(self, record: RolloutRecord | None = None) -> RolloutRecord:
        around = self.around
        runner = RolloutRunner(
            around.router,
            around.clients,
            around.revisions,
            self._judge,
            around.store,
            around.clock,
            around.report,
            orders=around.orders,
            refuse_rows=self.rows.refuse,
        )
        return runner.run(record or replace(new_record(PLAN), holdout_digest=FIRST.digest))

    def _judge(self, record: RolloutRecord):  # type: ignore[no-untyped-def]  # as RolloutRunner has it
        rows = self.rows.all_of(record)
        self.judged.append(len(rows))
        return judge_canary(self.around.revisions, rows, POLICY, FakeClock())


@pytest.fixture
def promoter(around: Surroundings, orders: FileRolloutOrders) -> Promoter:
    return Promoter(around, orders)


def at_each_hold(around: Surroundings, *actions: Callable[[], None]) -> None:
    """Do the next action five seconds after each beginning of a hold."""
    left = list(actions)
    entered: list[float] = []

    def note(record: RolloutRecord) -> None:
        if record.state is RolloutState.HOLDING:
            entered[:] = [around.clock.seconds]

    def look() -> None:
        if entered and left and around.clock.seconds >= entered[0] + 5:
            entered.clear()
            left.pop(0)()

    around.report = note
    around.faults.always["read_revisions"] = look


def test_further_rows_are_judged_with_those_before_and_traffic_moves_only_then(
    around: Surroundings, promoter: Promoter
) -> None:
    at_each_hold(around, lambda: promoter.hand_in(part(60, 120)), lambda: promoter.hand_in(part(120, 400)))
    record = promoter.run()
    assert (record.state, record.outcome) == (RolloutState.PROMOTED, Outcome.PROMOTE)
    assert promoter.judged == [60, 120, 400]
    assert [given.rows for given in record.further] == [60, 280]
    assert around.router.shares == [0, 20, 100]
    texts = [event.text for event in record.history]
    assert "60 further rows by ann@desk (more.csv): look 2 of 3" in texts
    assert texts.index("280 further rows by ann@desk (more.csv): look 3 of 3") < texts.index("split written: 20 %")


def test_where_nobody_hands_in_rows_it_goes_back_in_time(around: Surroundings, promoter: Promoter) -> None:
    record = promoter.run()
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "nobody handed in further rows within 600 s")
    assert (record.code, record.verdict) == (StopCode.NO_FURTHER_ROWS, Outcome.INCONCLUSIVE)
    assert 600 <= around.clock.seconds < 610
    assert around.router.shares == [0, 0]


def test_after_the_last_look_it_goes_back_at_once(around: Surroundings, promoter: Promoter) -> None:
    at_each_hold(around, lambda: promoter.hand_in(part(60, 70)), lambda: promoter.hand_in(part(70, 80)))
    record = promoter.run()
    assert promoter.judged == [60, 70, 80]
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "80 rows cannot show a margin of 0.02")
    assert around.clock.seconds < 60


def test_every_look_has_its_share_of_alpha(around: Surroundings, promoter: Promoter) -> None:
    evidence = promoter._judge(replace(new_record(PLAN), holdout_digest=FIRST.digest))
    assert evidence.alpha == pytest.approx(0.05 / 3)
    assert evidence.policy.alpha == 0.05
    assert "at least 203 are needed" in evidence.headline  # log(0.05 / 3) / log(0.98), rounded up


BAD = {
    "a row that was judged": (part(59, 200), "its row 1 is row 60 of "),
    "other columns": (
        LabelledRows("narrow", np.zeros((10, 1)), ("a",) * 10, ("v1",)),
        "narrow: 1 features, but ",
    ),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_rows_that_cannot_be_judged_take_no_look(around: Surroundings, promoter: Promoter, what: str) -> None:
    rows, why = BAD[what]
    at_each_hold(around, lambda: promoter.hand_in(rows), lambda: promoter.hand_in(part(60, 400)))
    record = promoter.run()
    assert record.state is RolloutState.PROMOTED
    assert promoter.judged == [60, 400]
    (refused,) = (event.text for event in record.history if "is not judged" in event.text)
    assert why in refused
    assert [given.digest for given in record.refused] == [rows.digest]


def test_the_same_rows_again_are_no_new_look(around: Surroundings, promoter: Promoter) -> None:
    at_each_hold(around, lambda: promoter.hand_in(part(60, 120)), lambda: promoter.hand_in(part(60, 120)))
    record = promoter.run()
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "nobody handed in further rows")
    assert promoter.judged == [60, 120]


def test_what_was_changed_after_it_was_handed_in_is_refused(
    around: Surroundings, promoter: Promoter, orders: FileRolloutOrders
) -> None:
    def swap() -> None:
        promoter.hand_in(part(60, 400))
        (path,) = orders.directory.glob("rows-*.csv")
        lines = path.read_text().splitlines()
        path.write_text("\n".join(lines[:-1]) + "\n")

    at_each_hold(around, swap)
    record = promoter.run()
    assert any("was handed in" in event.text and "is not judged" in event.text for event in record.history)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, "nobody handed in")


def test_a_hold_watches_what_runs_and_ends_on_an_order(
    around: Surroundings, promoter: Promoter, orders: FileRolloutOrders
) -> None:
    when(around, RolloutState.HOLDING, lambda: orders.give(Order(1, OrderKind.ABORT, "ann@desk", AT)))
    assert_went_back(promoter.run(), around, Outcome.INCONCLUSIVE, "aborted by ann@desk")
    assert around.clock.seconds < 60


def test_a_promoter_that_was_killed_goes_on_holding_and_finds_what_came_meanwhile(
    around: Surroundings, promoter: Promoter
) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    when(around, RolloutState.HOLDING, kill)
    with pytest.raises(Killed):
        promoter.run()
    unfinished = around.store.read_newest()
    assert unfinished is not None
    assert (unfinished.state, unfinished.intended_percent) == (RolloutState.HOLDING, 0)
    promoter.hand_in(part(60, 400))
    assert promoter.run(unfinished).state is RolloutState.PROMOTED
    assert promoter.judged == [60, 400]


def test_rows_that_cannot_be_had_for_the_moment_are_tried_again(
    around: Surroundings, promoter: Promoter, tmp_path: Path
) -> None:
    directory, load = promoter.orders.directory, rows_in_directory(promoter.orders.directory)
    away = [failing_with(RowsUnreachable("the store does not answer"))] * 2

    def load_later(rollout_id: int, given: GivenRows) -> LabelledRows:
        if away:
            away.pop()()
        return load(rollout_id, given)

    promoter.rows = RolloutRows(FIRST, load_later)
    at_each_hold(around, lambda: promoter.hand_in(part(60, 400)))
    record = promoter.run()
    assert record.state is RolloutState.PROMOTED
    assert [event.text for event in record.history if "attempt" in event.text] == [
        "attempt 1 failed: the store does not answer",
        "attempt 2 failed: the store does not answer",
    ]
    assert list(directory.glob("*.writing")) == []
