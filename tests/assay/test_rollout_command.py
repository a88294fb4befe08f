"""`assay rollout status` and `history` as a person sees them; the records are written here, as a promoter would."""

import os
import pty
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from promotion.gate.outcome import Outcome
from promotion.gate.record import write_evidence
from promotion.rollout.events import Stopped
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState, record_from_json
from promotion.rollout.transitions import advance
from tests.assay.program import Finished, assay, command
from tests.promotion.rollout.events import AT, success_of
from tests.promotion.rollout.surroundings import Faults, Revisions, judge_by, new_record

UNDER_WAY = 20


@pytest.fixture
def store(tmp_path: Path) -> FileRolloutStore:
    return FileRolloutStore(tmp_path)


def save_until(store: FileRolloutStore, is_reached: Callable[[RolloutRecord], bool]) -> RolloutRecord:
    """A rollout that goes well until then, with its evidence."""
    record = new_record(RolloutPlan(steps=(20, 100)))
    while not is_reached(record):
        record = advance(record, success_of(record), AT)
    store.save(record)
    write_evidence(judge_by(Revisions(Faults()))(record), store.directory / "evidence-0001.json")
    return record


def look(store: FileRolloutStore, *arguments: str) -> Finished:
    gateway = store.directory / "no gateway"
    return assay("rollout", "status", "--out", store.directory, "--gateway", gateway, *arguments)


def test_a_rollout_that_has_ended_is_shown_whole_and_its_end_is_the_exit_code(store: FileRolloutStore) -> None:
    save_until(store, lambda record: record.is_finished)
    done = look(store)
    assert done.code == 0, done.stderr
    for text in (
        "promoted, step 2 of 2: 100 % to the canary",
        "PROMOTE: ",
        "n = 400, b = 0, c = 20, Z = ",
        "1     20 %   20.0 % of 100",
        "12:00:00  asked 20 %, observed 20.0 % of 100 requests",
    ):
        assert text in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("outcome", [Outcome.REJECT, Outcome.INCONCLUSIVE, Outcome.ERROR])
def test_one_that_went_back_says_why(store: FileRolloutStore, outcome: Outcome) -> None:
    record = save_until(store, lambda record: record.state is RolloutState.OBSERVING)
    for event in (Stopped(outcome, "the canary fails"), success_of(replace(record, state=RolloutState.RESTORING))):
        record = advance(record, event, AT)
    store.save(record)
    done = look(store)
    assert done.code == outcome.exit_code
    assert f"{outcome}: the canary fails" in done.stdout
    assert "restored: 0 % to the canary" in done.stdout


def test_one_under_way_has_an_exit_code_of_its_own_and_the_time_that_is_left(store: FileRolloutStore) -> None:
    save_until(store, lambda record: record.state is RolloutState.OBSERVING)
    done = look(store)
    assert done.code == UNDER_WAY
    assert "observing, step 1 of 2: 20 % to the canary" in done.stdout
    assert "s in this step; goes back in 0 s" in done.stdout


def test_a_rollout_is_written_as_a_page(store: FileRolloutStore) -> None:
    page = store.directory / "page.html"
    store.save(new_record(RolloutPlan()))
    early = assay("rollout", "report", page, "--out", store.directory)
    assert (early.code, "rollout 1 has no evidence yet: it is judging" in early.stderr) == (1, True)
    save_until(store, lambda record: record.is_finished)
    done = assay("rollout", "report", page, "--out", store.directory)
    assert (done.code, done.stdout) == (0, f"{page} has rollout 1\n"), done.stderr
    content = page.read_text()
    assert "The split, asked against observed" in content
    assert "asked 20 %, observed 20.0 % of 100 requests" in content


def test_the_json_has_the_record_whole(store: FileRolloutStore) -> None:
    record = save_until(store, lambda record: record.state is RolloutState.OBSERVING)
    done = look(store, "--json")
    assert done.code == UNDER_WAY
    document = done.json()
    assert record_from_json(orjson.dumps(document["rollout"])) == record
    assert document["numbers"]["c"] == 20
    assert document["time"]["requests_at_least"] is None


def test_where_there_is_none_it_says_so(store: FileRolloutStore, tmp_path: Path) -> None:
    done = look(store)
    assert (done.code, done.stderr) == (1, f"assay: {tmp_path} has no rollout\n")
    done = assay("rollout", "history", "--out", tmp_path)
    assert (done.code, done.stdout) == (0, f"{tmp_path} has no rollout\n")


def test_damaged_evidence_and_records_are_named(store: FileRolloutStore) -> None:
    save_until(store, lambda record: record.is_finished)
    (store.directory / "evidence-0001.json").write_text("{}")
    done = look(store)
    assert done.code == 1
    assert "evidence-0001.json: not the evidence of a rollout" in done.stderr
    (store.directory / "rollout-0002.json").write_text("{}")
    assert "rollout-0002.json: not a rollout's record" in look(store).stderr


def test_the_history_has_a_row_for_each(store: FileRolloutStore) -> None:
    record = save_until(store, lambda record: record.is_finished)
    restored = replace(record, state=RolloutState.RESTORED, outcome=Outcome.REJECT, because="worse")
    store.save(replace(restored, rollout_id=2))
    store.save(replace(record, rollout_id=3, state=RolloutState.WRITING, outcome=None))
    done = assay("rollout", "history", "--out", store.directory)
    assert done.code == 0, done.stderr
    _, newest, second, first = done.stdout.splitlines()
    assert (newest[0], second[0], first[0]) == ("3", "2", "1")
    assert "writing, unfinished" in newest
    assert "REJECT" in second
    assert second.rstrip().endswith("worse")
    lines = assay("rollout", "history", "--out", store.directory, "--json").stdout.splitlines()
    assert [record_from_json(line.encode()).rollout_id for line in lines] == [1, 2, 3]


def follow(store: FileRolloutStore, *arguments: str, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
    asked = command("rollout", "status", "--watch", "--out", store.directory, "--gateway", store.directory, *arguments)
    environment = {**os.environ, "COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
    return subprocess.Popen(asked, stdout=output, stderr=subprocess.STDOUT, text=True, env=environment)


def test_watching_prints_what_happens_until_the_end(store: FileRolloutStore) -> None:
    record = save_until(store, lambda record: record.state is RolloutState.OBSERVING and record.step == 1)
    process = follow(store)
    try:
        assert process.stdout is not None
        before = [process.stdout.readline() for _ in record.history]
        assert "split in force: 100 %" in before[-1]
        store.save(advance(record, success_of(record), AT))
        rest, _ = process.communicate(timeout=30)
        assert rest.startswith("12:00:00  asked 100 %, observed 100.0 % of 100 requests\n")
        assert "promoted, step 2 of 2" in rest
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_watching_as_json_prints_a_line_for_each_change(store: FileRolloutStore) -> None:
    record = save_until(store, lambda record: record.state is RolloutState.OBSERVING and record.step == 1)
    process = follow(store, "--json")
    try:
        assert process.stdout is not None
        first = orjson.loads(process.stdout.readline())
        store.save(advance(record, success_of(record), AT))
        (last,) = process.communicate(timeout=30)[0].splitlines()
        assert (first["rollout"]["state"], orjson.loads(last)["rollout"]["state"]) == ("observing", "promoted")
    finally:
        process.kill()
        process.communicate()


def test_on_a_terminal_the_view_is_drawn_anew_until_the_end(store: FileRolloutStore) -> None:
    record = save_until(store, lambda record: record.state is RolloutState.OBSERVING and record.step == 1)
    ours, theirs = pty.openpty()
    process = follow(store, output=theirs)
    os.close(theirs)
    try:
        drawn = read_until(ours, "observing")
        store.save(advance(record, success_of(record), AT))
        drawn += read_until(ours, "promoted")
        assert process.wait(30) == 0
        assert "\x1b[1A" in drawn  # it goes up over what it has drawn
    finally:
        os.close(ours)
        process.kill()
        process.wait()


def read_until(terminal: int, text: str) -> str:
    read, deadline = "", time.monotonic() + 30
    while text not in read:
        assert time.monotonic() < deadline, read
        read += os.read(terminal, 65536).decode()
    return read
