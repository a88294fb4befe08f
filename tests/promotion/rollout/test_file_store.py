"""The file store under what happens to files: a killed writer, a second process, damage, a full disk."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, record_to_json
from promotion.rollout.rollout_store import RolloutError, RolloutNotUsable, RolloutUnderWay
from tests.promotion.rollout.events import begun

REPOSITORY = Path(__file__).parents[3]
RECORD = begun(RolloutPlan())
KILLS = 25

SAVE_FOR_EVER = """
import sys, pathlib, itertools, dataclasses
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan
from tests.promotion.rollout.events import begun
store = FileRolloutStore(pathlib.Path(sys.argv[1]))
with store.claim():
    for number in itertools.count():
        store.save(dataclasses.replace(begun(RolloutPlan()), because=f"{number:d} " * 20_000))
        if number == 0:
            print("saved", flush=True)
"""


@pytest.fixture
def saving(store: FileRolloutStore) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the claim and saves records of 100 kB, one after another."""
    command = [sys.executable, "-c", SAVE_FOR_EVER, str(store.directory)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "saved\n"
            yield process
        finally:
            process.kill()


def test_a_reader_never_sees_half_a_record(store: FileRolloutStore, saving: subprocess.Popen[str]) -> None:
    last = -1
    for _ in range(100):
        number = read_number(store)
        assert number >= last
        last = number


def test_a_writer_that_is_killed_leaves_the_old_record_or_the_new(store: FileRolloutStore) -> None:
    """Forked from one process that has loaded everything: killed after a time that differs by a tenth of a save."""
    saved = -1
    for kill in range(KILLS):
        child = os.fork()
        if child == 0:
            save_until_killed(store, saved + 1)
        wait_for_number(store, saved + 1)
        time.sleep(kill * 0.0003)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = read_number(store)
        assert found > saved
        saved = found
    store.save(RECORD)
    assert [path.name for path in sorted(store.directory.iterdir())] == ["rollout-0001.json"]


def save_until_killed(store: FileRolloutStore, number: int) -> None:
    try:
        while True:
            store.save(replace(RECORD, because=f"{number:d} " * 20_000))
            number += 1
    finally:
        os._exit(1)


def read_number(store: FileRolloutStore) -> int:
    """Which of the records is there; each repeats its number from its beginning to its end."""
    record = store.read_newest()
    assert record is not None
    (number,) = set(record.because.split())
    return int(number)


def wait_for_number(store: FileRolloutStore, number: int) -> None:
    deadline = time.monotonic() + 60
    while store.read_newest() is None or read_number(store) < number:
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def test_a_second_process_is_told_who_is_at_it(store: FileRolloutStore, saving: subprocess.Popen[str]) -> None:
    with pytest.raises(RolloutUnderWay, match=rf"a rollout is under way \(pid {saving.pid}\)"), store.claim():
        pass


def test_a_killed_process_holds_nothing_any_more(store: FileRolloutStore, saving: subprocess.Popen[str]) -> None:
    saving.kill()
    saving.wait()
    with store.claim():
        assert (store.directory / "lock").read_text() == str(os.getpid())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[: len(content) // 2], "the document: Invalid JSON"),
        (lambda _content: b"", "the document: Invalid JSON"),
        (lambda _content: b"[]", "the document"),
        (lambda content: content.replace(b'"judging"', b'"thinking"'), "state: Input should be"),
        (lambda content: content.replace(b'"step": 0', b'"step": 4'), "the document: Value error, step 4: expected"),
        (lambda content: content.replace(b"100\n", b"99\n"), r"plan: Value error, steps \(5, 25, 50, 99\)"),
        (lambda content: content.replace(b'"rollout_id"', b'"rollout"'), "rollout_id: Field required"),
        (lambda content: content.replace(b'"judging"', b'"writing"'), "the document: Value error, no split"),
        (lambda content: content.replace(b'"h"', b'"\xff"'), "the document: Invalid JSON"),
    ],
)
def test_a_damaged_record_is_named_with_what_is_wrong(
    store: FileRolloutStore, damage: Callable[[bytes], bytes], message: str
) -> None:
    store.save(RECORD)
    path = store.path_of(RECORD)
    path.write_bytes(damage(record_to_json(RECORD)))
    with pytest.raises(RolloutNotUsable, match=rf"rollout-0001\.json: not a rollout's record: {message}") as raised:
        store.read_newest()
    assert "\n" not in str(raised.value)


def test_a_record_that_cannot_be_read_is_named(store: FileRolloutStore) -> None:
    store.path_of(RECORD).mkdir()
    with pytest.raises(RolloutNotUsable, match=r"rollout-0001\.json cannot be read: Is a directory"):
        store.read_newest()


def test_what_a_killed_writer_left_is_no_record(store: FileRolloutStore) -> None:
    (store.directory / "rollout-0001.writing").write_bytes(b"{")
    assert store.read_newest() is None


def test_a_full_disk_leaves_the_old_record_and_nothing_else(store: FileRolloutStore) -> None:
    """A limit on the size of files stands in for the disk: the write breaks off in the same way."""
    store.save(RECORD)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, limits[1]))
    try:
        with pytest.raises(RolloutError, match=r"rollout-0001\.json cannot be written: File too large"):
            store.save(replace(RECORD, because="new"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert store.read_newest() == RECORD
    assert [path.name for path in store.directory.iterdir()] == ["rollout-0001.json"]


@pytest.mark.parametrize("below", ["", "sub"])
def test_a_directory_that_cannot_be_one_is_named(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    store = FileRolloutStore(file / below)
    with pytest.raises(RolloutError, match=f"{store.directory} cannot be written: "), store.claim():
        pass
    with pytest.raises(RolloutError, match=r"rollout-0001\.json cannot be written: Not a directory"):
        store.save(RECORD)
    assert file.read_bytes() == b""
