"""What waits on the disk: in order, once, within its bytes, and whatever happens to either process."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.errors import SettingsError
from predictor.recording.chunk import Chunk, EncodedChunk
from predictor.recording.kept_prediction import KeptPrediction
from predictor.recording.record_sink import BATCH_BYTES, BATCH_RECORDS
from predictor.recording.spool_folder import find_segments, written_bytes
from predictor.recording.spool_reader import SpoolReader
from predictor.recording.spool_writer import SpoolWriter
from tests.predictor.predictions import content_of, make_prediction
from tests.predictor.server_process import DEADLINE_SECONDS

LIMIT = 2**20
ROWS = 700  # of 28 bytes: some chunks make a segment
PADDING = 2 * 4096  # behind the last chunk of a segment


def chunk(number: int, rows: int = 1) -> EncodedChunk:
    return KeptPrediction.cut(make_prediction(number, rows=rows), LIMIT).to_chunk("key", number).encode()


def append(spool: SpoolWriter, numbers: Iterable[int], rows: int = 1) -> int:
    return spool.append([chunk(number, rows) for number in numbers])


def numbers_of(chunks: Iterable[Chunk]) -> list[int]:
    return [one.first_number for one in chunks]


def drain(reader: SpoolReader) -> list[int]:
    numbers = []
    while batch := reader.read():
        numbers += numbers_of(batch.chunks)
        reader.advance(batch, len(batch.chunks))
    return numbers


def test_chunks_come_out_once_and_in_order(tmp_path: Path) -> None:
    writer, reader = SpoolWriter(tmp_path, limit_bytes=LIMIT), SpoolReader(tmp_path)
    assert (reader.read(), writer.waiting_bytes, writer.oldest_time_ns()) == (None, 0, None)
    assert append(writer, range(3)) == 3
    assert append(writer, range(3, 5)) == 2
    assert writer.waiting_bytes == sum(chunk(number).size for number in range(5))
    assert writer.oldest_time_ns() == make_prediction(0).time_ns
    assert drain(reader) == list(range(5))
    assert (writer.look().written, writer.waiting_bytes, writer.oldest_time_ns()) == (5, 0, None)
    append(writer, [5])
    assert drain(SpoolReader(tmp_path)) == [5]
    writer.close()
    reader = SpoolReader(tmp_path)
    reader.remove_delivered()
    assert [path.name for path in tmp_path.iterdir()] == ["delivered.json"]


def test_what_is_not_delivered_comes_again(tmp_path: Path) -> None:
    append(SpoolWriter(tmp_path, limit_bytes=LIMIT), range(3))
    for reader in (SpoolReader(tmp_path), SpoolReader(tmp_path)):
        for _ in range(2):
            assert (batch := reader.read()) is not None
            assert numbers_of(batch.chunks) == [0, 1, 2]


def test_a_batch_is_bounded_in_records_and_in_bytes(tmp_path: Path) -> None:
    writer, reader = SpoolWriter(tmp_path, limit_bytes=64 * BATCH_BYTES), SpoolReader(tmp_path)
    append(writer, range(BATCH_RECORDS + 1))
    assert (batch := reader.read()) is not None
    assert len(batch.chunks) == BATCH_RECORDS
    drain(reader)
    append(writer, range(12), rows=30_000)
    assert (batch := reader.read()) is not None
    assert BATCH_BYTES <= sum(chunk(number, 30_000).size for number in numbers_of(batch.chunks)) < 2 * BATCH_BYTES


def test_a_full_spool_takes_nothing_until_some_of_it_is_delivered(tmp_path: Path) -> None:
    writer, reader = SpoolWriter(tmp_path, limit_bytes=LIMIT), SpoolReader(tmp_path)
    taken = append(writer, range(100), ROWS)
    assert 30 < taken < 100
    with pytest.raises(OSError, match=f"and may have {LIMIT}"):
        append(writer, [taken], ROWS)
    has = disk_bytes(tmp_path)
    assert writer.waiting_bytes <= LIMIT
    assert has <= LIMIT * 5 / 4  # here three chunks make a segment, whose file has room for a part of another one
    drain(reader)
    writer.look()
    assert append(writer, [taken], ROWS) == 1
    assert drain(reader) == [taken]
    assert disk_bytes(tmp_path) < has


def test_a_new_file_is_made_only_where_the_segment_is_filling_up_and_none_is_free(tmp_path: Path) -> None:
    writer, reader = SpoolWriter(tmp_path, limit_bytes=LIMIT), SpoolReader(tmp_path)

    def prepared() -> int:
        """Segments at hand that are not begun."""
        writer.prepare()
        return sum(not written_bytes(tmp_path, number) for number in find_segments(tmp_path))

    assert writer.lacks_segment
    assert prepared() == 1
    assert append(writer, range(1)) == 1
    assert (writer.lacks_segment, prepared()) == (False, 0)
    assert append(writer, range(1, 31), ROWS) == 30
    begun = max(find_segments(tmp_path))
    drain(reader)
    writer.look()
    assert prepared() == 4
    assert max(find_segments(tmp_path)) == begun + 4
    writer.close()
    assert max(find_segments(tmp_path)) == begun
    assert all(written_bytes(tmp_path, number) for number in find_segments(tmp_path))


def test_what_was_written_is_synced_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, reader = SpoolWriter(tmp_path, limit_bytes=LIMIT), SpoolReader(tmp_path)
    synced: list[str] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(Path(os.readlink(f"/proc/self/fd/{file}")).name))
    append(writer, range(7), ROWS)
    writer.prepare()
    reader.sync()
    reader.sync()
    assert synced == [*(f"{number:08}.chunks" for number in (1, 2, 3, 4)), "00000004.chunks"]
    drain(reader)
    writer.close()


def test_a_file_is_written_over_when_its_chunks_are_delivered(tmp_path: Path) -> None:
    writer, reader = SpoolWriter(tmp_path, limit_bytes=LIMIT), SpoolReader(tmp_path)
    files, numbers = set[int](), iter(range(10**6))
    for size in (3, 1, 2) * 30:  # at other places than those before
        appended = [next(numbers) for _ in range(size)]
        assert append(writer, appended, ROWS * size // 2) == size
        assert drain(reader) == appended
        writer.look()
        files |= {path.stat().st_ino for path in tmp_path.glob("*.chunks")}
    assert writer.waiting_bytes == 0
    assert len(files) <= 4
    assert drain(SpoolReader(tmp_path)) == []
    assert SpoolWriter(tmp_path, limit_bytes=LIMIT).waiting_bytes == 0
    reader.remove_delivered()
    assert [path.name for path in tmp_path.iterdir()] == ["delivered.json"]


def test_at_once_is_written_only_what_needs_no_new_file(tmp_path: Path) -> None:
    writer, reader = SpoolWriter(tmp_path, limit_bytes=LIMIT), SpoolReader(tmp_path)
    assert writer.append([chunk(0, ROWS)], at_once=True) == 0
    taken = list[int]()
    for prepared in range(1, 9):
        writer.prepare()
        writer.prepare()
        assert len(list(tmp_path.glob("*.chunks"))) == prepared
        offered = range(len(taken), len(taken) + 20)
        count = writer.append([chunk(number, ROWS) for number in offered], at_once=True)
        assert 0 < count < 20
        taken += offered[:count]
    assert drain(reader) == taken


def test_who_delivers_what_a_dead_writer_left_takes_nothing_from_the_next_one(tmp_path: Path) -> None:
    append(SpoolWriter(tmp_path, limit_bytes=LIMIT), range(20), ROWS)
    reader = SpoolReader(tmp_path)
    assert drain(reader) == list(range(20))
    writer = SpoolWriter(tmp_path, limit_bytes=LIMIT)
    writer.prepare()
    reader.remove_delivered()
    for number in range(20, 45, 5):  # over several segments, of files that are gone, too
        assert append(writer, range(number, number + 5), ROWS) == 5
        writer.look()
    assert drain(SpoolReader(tmp_path)) == list(range(20, 45))
    writer.prepare()
    writer.close()
    SpoolReader(tmp_path).remove_delivered()
    assert [path.name for path in tmp_path.iterdir()] == ["delivered.json"]


def disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.chunks"))


@given(st.lists(st.sampled_from(["append", "deliver", "read", "new writer", "new reader", "torn"]), max_size=30))
def test_any_order_of_crashes_keeps_the_order(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    path = tmp_path_factory.mktemp("spool")
    writer, reader = SpoolWriter(path, limit_bytes=LIMIT), SpoolReader(path)
    appended, delivered = 0, list[int]()
    for step in steps:
        if step == "append":
            writer.look()
            appended += append(writer, range(appended, appended + 3), ROWS)
        elif step == "deliver" and (batch := reader.read()):
            delivered += numbers_of(batch.chunks)
            reader.advance(batch, len(batch.chunks))
        elif step == "read":
            reader.read()  # and the process ends before the sink has it
        elif step == "new writer":
            writer.close()
            writer = SpoolWriter(path, limit_bytes=LIMIT)
        elif step == "new reader":
            reader = SpoolReader(path)
        elif step == "torn" and (segments := sorted(path.glob("*.chunks"))):
            writer.close()
            number = int(segments[-1].stem)
            with segments[-1].open("r+b") as segment:
                segment.seek(written_bytes(path, number))
                segment.write(content_of(chunk(10**6), number)[:-1])
                segment.truncate()
            writer = SpoolWriter(path, limit_bytes=LIMIT)
            appended += append(writer, [appended], ROWS)
    assert delivered + drain(reader) == list(range(appended))
    assert writer.look().written == appended
    assert writer.waiting_bytes == 0
    writer.close()


@pytest.mark.parametrize("where", [0, 20, 100, -1], ids=["magic", "frame", "head", "body"])
def test_a_chunk_that_something_else_damaged_is_passed_over_and_counted(
    tmp_path: Path, where: int, caplog: pytest.LogCaptureFixture
) -> None:
    writer, reader = SpoolWriter(tmp_path, limit_bytes=LIMIT), SpoolReader(tmp_path)
    append(writer, range(3))
    (segment,) = tmp_path.glob("*.chunks")
    first, second, third = (content_of(chunk(number), segment=1) for number in range(3))
    damaged = bytearray(second)
    damaged[where] ^= 1
    segment.write_bytes(first + damaged + third)
    with caplog.at_level(logging.ERROR):
        assert drain(reader) == [0, 2]
    assert (writer.look().written, writer.look().lost) == (2, 1)
    assert "of the spool" in caplog.text


def test_what_is_being_written_is_waited_for(tmp_path: Path) -> None:
    reader = SpoolReader(tmp_path)
    content = content_of(chunk(0), segment=1)
    for size in range(len(content)):
        (tmp_path / "00000001.chunks").write_bytes(content[:size])
        assert reader.read() is None
    (tmp_path / "00000001.chunks").write_bytes(content)
    assert drain(reader) == [0]


def test_a_place_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "delivered.json").write_text("x")
    with pytest.raises(SettingsError, match=r"delivered.json says no place in the spool; expected segment, offset"):
        SpoolWriter(tmp_path, limit_bytes=LIMIT)


def test_the_spool_of_an_older_version_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "00000001.jsonl").write_text("")
    with caplog.at_level(logging.WARNING):
        SpoolWriter(tmp_path, limit_bytes=LIMIT)
    assert f"{tmp_path}/00000001.jsonl is of an older version and is not read" in caplog.text


WRITER = """
import sys
from pathlib import Path
from predictor.recording.spool_writer import SpoolWriter
from tests.predictor.test_spool import append
spool = SpoolWriter(Path(sys.argv[1]), limit_bytes=2**26)
for number in range(1_000_000):
    append(spool, [number], number % 200)
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
    append(SpoolWriter(tmp_path, limit_bytes=2**26), [accepted + 1])
    found = drain(SpoolReader(tmp_path))
    assert found[:accepted] == list(range(accepted))
    assert found[accepted:] in ([accepted + 1], [accepted, accepted + 1])  # the last one was not there, or unsaid
