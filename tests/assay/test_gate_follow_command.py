"""Labels that come over time, as a person judges them: again and again, through stops, and always as one test."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from promotion.gate.followed_rows import FollowedRowsUnusable, follow_rows
from promotion.gate.outcome import Outcome
from promotion.statistics.e_process import EProcess
from promotion.statistics.flat_rule import FlatRule
from promotion.statistics.sequential_run import SequentialRun
from tests.assay.program import assay

FLAT = FlatRule.planned(margin=0.1, alpha=0.05, power=0.9, disagreement=0.2)
BETS = EProcess.at(margin=0.1, alpha=0.05)
Rows = Sequence[tuple[str, str, str]]


def some_rows(lost: float, gained: float, count: int = 600) -> Rows:
    draws = np.random.default_rng(3).random(count)
    return [
        ("yes", "yes" if draw >= lost + gained or draw < lost else "no", "yes" if draw >= lost else "no")
        for draw in draws
    ]


def write(path: Path, rows: Rows) -> None:
    path.write_text("label,stable,canary\n" + "".join(f"{','.join(row)}\n" for row in rows))


@pytest.mark.parametrize("rule", [FLAT, BETS], ids=["flat", "e-process"])
@pytest.mark.parametrize(
    ("lost", "gained", "outcome"), [(0.08, 0.12, Outcome.PROMOTE), (0.4, 0.05, Outcome.REJECT)], ids=["good", "bad"]
)
def test_a_run_in_pieces_ends_where_the_whole_run_does(
    tmp_path: Path, rule: FlatRule | EProcess, lost: float, gained: float, outcome: Outcome
) -> None:
    rows = some_rows(lost, gained)
    whole = SequentialRun(rule).after_rows((stable == label, canary == label) for label, stable, canary in rows)
    for upto in (0, 1, 40, 40, 170, 400, 600):
        write(tmp_path / "rows.csv", rows[:upto])
        found = follow_rows(tmp_path / "rows.csv", tmp_path / "state.json", rule)
        assert found.is_final is (whole.n <= upto)
    assert (found.outcome, found.run) == (outcome, whole)


def test_at_the_horizon_it_is_inconclusive_for_good(tmp_path: Path) -> None:
    write(tmp_path / "rows.csv", some_rows(0.2, 0.13, FLAT.horizon + 5))
    found = follow_rows(tmp_path / "rows.csv", tmp_path / "state.json", FLAT)
    assert (found.outcome, found.is_final, found.run.n) == (Outcome.INCONCLUSIVE, True, FLAT.horizon)
    assert f"{FLAT.horizon} rows, all that were planned, do not show a margin of 0.1" in found.headline


def test_another_test_on_the_same_rows_is_refused(tmp_path: Path) -> None:
    rows, state = tmp_path / "rows.csv", tmp_path / "state.json"
    write(rows, some_rows(0.1, 0.1, 50))
    follow_rows(rows, state, FLAT)
    longer = FlatRule(FLAT.margin, FLAT.alpha, FLAT.floor, FLAT.horizon + 1)
    for other in (longer, BETS, FlatRule(0.2, FLAT.alpha, FLAT.floor, FLAT.horizon)):
        with pytest.raises(FollowedRowsUnusable, match="is another test on new rows; expected the same"):
            follow_rows(rows, state, other)


def test_other_rows_in_the_place_of_those_judged_are_refused(tmp_path: Path) -> None:
    rows, state = tmp_path / "rows.csv", tmp_path / "state.json"
    judged = list(some_rows(0.1, 0.1, 50))
    write(rows, judged)
    follow_rows(rows, state, FLAT)
    for changed in ([*judged[1:], *judged], judged[:49], [("no", "yes", "yes"), *judged[1:]]):
        write(rows, changed)
        with pytest.raises(FollowedRowsUnusable, match="its first 50 rows are not those that were judged"):
            follow_rows(rows, state, FLAT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("label,stable\n", "no column 'canary'; expected label, stable, canary"),
        ("label,stable,canary\na,a,a\n,a,b\n", "line 3: no label; expected rows whose label is there"),
        ("label,stable,canary\na,a\n", "line 2: no canary"),
    ],
)
def test_rows_that_cannot_be_read_are_named_and_nothing_is_kept(
    tmp_path: Path, content: str | None, message: str
) -> None:
    rows, state = tmp_path / "rows.csv", tmp_path / "state.json"
    if content is not None:
        rows.write_text(content)
    with pytest.raises(FollowedRowsUnusable, match=message):
        follow_rows(rows, state, FLAT)
    assert not state.exists()


def test_the_command_ends_with_the_verdict_and_an_error_is_one_line(tmp_path: Path) -> None:
    rows, state, config = tmp_path / "rows.csv", tmp_path / "state.json", tmp_path / "gate.yaml"
    config.write_text("margin: 0.1\n")
    options = ["--rows", rows, "--state", state, "--config", config, "--disagreement", "0.2"]
    write(rows, some_rows(0.08, 0.12, 20))
    done = assay("gate", "follow", *options)
    assert done.code == 11
    assert done.stdout.startswith(
        f"INCONCLUSIVE: 20 rows of at most {FLAT.horizon} do not show a margin of 0.1 yet: Z = "
    )
    assert done.stdout.rstrip().endswith(f"nothing is promoted below {FLAT.floor}")
    write(rows, some_rows(0.08, 0.12))
    content = assay("gate", "follow", *options, "--json").json()
    assert (content["verdict"], content["is_final"], content["rule"]["horizon"]) == ("PROMOTE", True, FLAT.horizon)
    done = assay("gate", "follow", *options, "--test", "e-process")
    assert (done.code, len(done.stderr.strip().splitlines())) == (12, 1)
