"""Records that wait on the disk: in order, once, within their bytes, and whatever happens to the process."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.errors import SettingsError
from predictor.recording.record_sink import BATCH_BYTES, BATCH_RECORDS
from predictor.recording.spool import Spool
from tests.predictor.predictions import make_record
from tests.predictor.server_process import DEADLINE_SECONDS

LIMIT = 2**20


def drain(spool: Spool) -> list[str]:
    keys = []
    while not spool.is_empty:
        batch = spool.read()
        keys += [record.key for record in batch.records]
        spool.advance(batch.end)
    return keys


def keys_of(numbers: range) -> list[str]:
    return [f"key-{number}" for number in numbers]


def append(spool: Spool, numbers: range, *, padding: int = 0) -> None:
    spool.append([make_record(number, padding=padding) for number in numbers])


def test_records_come_out_once_and_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=LIMIT)
    assert spool.is_empty
    append(spool, range(3))
    append(spool, range(3, 5))
    assert drain(spool) == keys_of(range(5))
    append(spool, range(5, 6))
    assert drain(spool) == keys_of(range(5, 6))
    assert spool.size_bytes == 0
    assert [path.name for path in tmp_path.iterdir()] == ["delivered"]


def test_what_is_not_delivered_comes_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=LIMIT)
    append(spool, range(3))
    assert spool.read() == spool.read()


def test_a_batch_is_bounded_in_records_and_in_bytes(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=8 * BATCH_BYTES)
    append(spool, range(BATCH_RECORDS + 1))
    assert len(spool.read().records) == BATCH_RECORDS
    drain(spool)
    append(spool, range(3), padding=BATCH_BYTES - 1000)
    assert len(spool.read().records) == 2


def test_a_full_spool_takes_nothing_until_some_of_it_is_delivered(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=LIMIT)
    taken = 0
    while spool.size_bytes < LIMIT - 31_000:
        append(spool, range(taken, taken + 1), padding=30_000)
        taken += 1
    with pytest.raises(OSError, match=f"and may have {LIMIT}"):
        append(spool, range(taken, taken + 1), padding=31_000)
    assert spool.size_bytes <= LIMIT
    assert sum(path.stat().st_size for path in tmp_path.glob("*.jsonl")) == spool.size_bytes
    batch = spool.read()
    spool.advance(batch.end)
    append(spool, range(taken, taken + 1), padding=30_000)
    assert drain(spool) == keys_of(range(len(batch.records), taken + 1))


@given(st.lists(st.sampled_from(["append", "deliver", "read", "reopen", "torn"]), max_size=30))
def test_any_order_of_crashes_keeps_the_order(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    path = tmp_path_factory.mktemp("spool")
    spool, appended, delivered = Spool(path, limit_bytes=LIMIT), 0, []
    for step in steps:
        if step == "append":
            append(spool, range(appended, appended + 3), padding=20_000)
            appended += 3
        elif step == "deliver" and not spool.is_empty:
            batch = spool.read()
            delivered += [record.key for record in batch.records]
            spool.advance(batch.end)
        elif step == "read" and not spool.is_empty:
            spool.read()  # and the process ends before the sink has it
        elif step == "reopen":
            spool.close()
            spool = Spool(path, limit_bytes=LIMIT)
        elif step == "torn" and (segments := sorted(path.glob("*.jsonl"))):
            spool.close()
            with segments[-1].open("ab") as segment:
                segment.write(b'{"schema":1,"key":"key-torn","pad')
            spool = Spool(path, limit_bytes=LIMIT)
    assert delivered + drain(spool) == keys_of(range(appended))
    spool.close()


def test_a_line_that_something_else_damaged_is_passed_over_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=LIMIT)
    append(spool, range(3))
    (segment,) = tmp_path.glob("*.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(lines[0] + b"\0" * (len(lines[1]) - 1) + b"\n" + lines[2])
    batch = spool.read()
    assert ([record.key for record in batch.records], batch.unreadable) == (["key-0", "key-2"], 1)


def test_a_place_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "delivered").write_text("x")
    with pytest.raises(SettingsError, match=r"delivered says no place in the spool; expected two numbers"):
        Spool(tmp_path, limit_bytes=LIMIT)


WRITER = """
import sys
from pathlib import Path
from predictor.recording.spool import Spool
from tests.predictor.predictions import make_record
spool = Spool(Path(sys.argv[1]), limit_bytes=2**26)
for number in range(1_000_000):
    spool.append([make_record(number, padding=number % 5000)])
    print(number, flush=True)
"""


def test_what_was_accepted_survives_the_death_of_the_process(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        said = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    finally:
        process.kill()
        process.wait(DEADLINE_SECONDS)
        process.stdout.close()
    accepted = len([line for line in said if line.endswith("\n")])
    spool = Spool(tmp_path, limit_bytes=2**26)
    append(spool, range(accepted + 1, accepted + 2))
    found = drain(spool)
    assert found[:accepted] == keys_of(range(accepted))
    assert found[accepted:] in (
        keys_of(range(accepted + 1, accepted + 2)),  # the last one was not in the spool, or it was, and unsaid
        [f"key-{accepted}", f"key-{accepted + 1}"],
    )
