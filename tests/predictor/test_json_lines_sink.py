"""Files of records: whole lines, each record once, and so many bytes of them."""

from pathlib import Path

import orjson
import pytest

from predictor.recording.json_lines_sink import JsonLinesSink
from tests.predictor.predictions import make_record

DISK_BYTES = 16 * 8000


def keys_in(path: Path) -> list[str]:
    files = [*sorted(path.glob("predictions-*.jsonl")), *path.glob("predictions.jsonl")]
    return [orjson.loads(line)["key"] for file in files for line in file.read_bytes().splitlines()]


def write(sink: JsonLinesSink, *numbers: int) -> None:
    sink.write([make_record(number) for number in numbers])


def test_a_batch_that_comes_again_after_a_crash_is_not_kept_twice(tmp_path: Path) -> None:
    write(JsonLinesSink(tmp_path, disk_bytes=DISK_BYTES), 0, 1, 2)
    again = JsonLinesSink(tmp_path, disk_bytes=DISK_BYTES)
    write(again, 0, 1, 2)
    write(again, 3)
    assert keys_in(tmp_path) == ["key-0", "key-1", "key-2", "key-3"]


def test_a_line_that_a_crash_tore_is_taken_away(tmp_path: Path) -> None:
    write(JsonLinesSink(tmp_path, disk_bytes=DISK_BYTES), 0)
    with (tmp_path / "predictions.jsonl").open("ab") as file:
        file.write(make_record(1).to_line()[:-1])
    write(JsonLinesSink(tmp_path, disk_bytes=DISK_BYTES), 1, 2)
    assert keys_in(tmp_path) == ["key-0", "key-1", "key-2"]


def test_a_batch_that_filled_a_file_is_not_kept_twice_either(tmp_path: Path) -> None:
    numbers = range(40)  # more than a file's 8,000 bytes
    write(JsonLinesSink(tmp_path, disk_bytes=DISK_BYTES), *numbers)
    assert not (tmp_path / "predictions.jsonl").exists()
    write(JsonLinesSink(tmp_path, disk_bytes=DISK_BYTES), *numbers, 40)
    assert keys_in(tmp_path) == [f"key-{number}" for number in range(41)]


def test_old_files_go_when_there_are_too_many_bytes(tmp_path: Path) -> None:
    sink = JsonLinesSink(tmp_path, disk_bytes=DISK_BYTES)
    for number in range(400):
        write(sink, number)
    assert len([*tmp_path.iterdir()]) <= 16
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < DISK_BYTES + 16 * 1000
    kept = keys_in(tmp_path)
    assert kept == [f"key-{number}" for number in range(400 - len(kept), 400)]
    assert len(kept) > 200


def test_a_write_that_fails_leaves_nothing_that_the_next_one_repeats(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    sink = JsonLinesSink(folder, disk_bytes=DISK_BYTES)
    write(sink, 0)
    sink.close()
    folder.rename(tmp_path / "elsewhere")
    folder.write_text("no folder")
    for _ in range(2):
        with pytest.raises(FileExistsError):
            write(sink, 1, 2)
    folder.unlink()
    (tmp_path / "elsewhere").rename(folder)
    write(sink, 1, 2)
    assert keys_in(folder) == ["key-0", "key-1", "key-2"]
