"""From the spool to a sink that fails at times: everything, once, in order, and until nobody writes any more."""

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from predictor.recording.delivery import Delivery
from predictor.recording.record import Record
from predictor.recording.spool_reader import SpoolReader
from predictor.recording.spool_writer import SpoolWriter
from tests.predictor.server_process import DEADLINE_SECONDS, wait_for
from tests.predictor.test_spool import append

LIMIT = 2**22


class SinkAtTimes:
    """Keeps records unless it is away, and fails every third time at best."""

    def __init__(self) -> None:
        self.is_away = False
        self.keys: list[str] = []
        self.policies: set[int] = set()
        self.times = 0

    def write(self, batch: Sequence[Record]) -> None:
        self.times += 1
        self.policies.add(os.sched_getscheduler(0))
        if self.is_away or self.times % 3 == 0:
            raise ConnectionError("it is away")
        self.keys += [record.key for record in batch]

    def close(self) -> None: ...


class Delivering:
    """A delivery that runs, and the end of the pipe that wakes it."""

    def __init__(self, path: Path, sink: SinkAtTimes, *, urgent_bytes: int = LIMIT) -> None:
        reads, self.wakes = os.pipe()
        reader = SpoolReader(path)
        delivery = Delivery(reader, sink, record_bytes=2**20, urgent_bytes=urgent_bytes, retry_seconds=0.01)

        def run() -> None:
            delivery.run(reads)
            os.close(reads)

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def wake(self) -> None:
        os.write(self.wakes, b".")

    def end(self) -> None:
        os.close(self.wakes)
        self.thread.join(DEADLINE_SECONDS)
        assert not self.thread.is_alive()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SpoolWriter]:
    writer = SpoolWriter(tmp_path, limit_bytes=LIMIT)
    yield writer
    writer.close()


def keys_of(numbers: range) -> list[str]:
    return [f"key-{number}" for number in numbers]


def test_what_comes_is_delivered_once_and_in_order_by_a_sink_that_fails(tmp_path: Path, writer: SpoolWriter) -> None:
    sink = SinkAtTimes()
    append(writer, range(1000))
    delivering = Delivering(tmp_path, sink)
    for number in range(1000, 1020):
        append(writer, [number])
        delivering.wake()
    wait_for(lambda: len(sink.keys) == 1020)
    delivering.end()
    assert sink.keys == keys_of(range(1020))
    assert sink.times > len(sink.keys) // 512
    assert (writer.look().written, writer.waiting_bytes) == (1020, 0)


def test_behind_the_end_what_is_left_is_delivered(tmp_path: Path, writer: SpoolWriter) -> None:
    sink = SinkAtTimes()
    delivering = Delivering(tmp_path, sink)
    append(writer, range(600))  # of which nobody tells it
    delivering.end()
    assert sink.keys == keys_of(range(600))


def test_a_sink_that_takes_nothing_does_not_keep_it_from_ending(tmp_path: Path, writer: SpoolWriter) -> None:
    sink = SinkAtTimes()
    sink.is_away = True
    append(writer, range(3))
    delivering = Delivering(tmp_path, sink)
    wait_for(lambda: sink.times > 2)
    delivering.end()
    assert (sink.keys, writer.look().written) == ([], 0)
    assert writer.waiting_bytes > 0


def test_what_comes_soon_after_it_was_told_is_delivered_without_another_word(
    tmp_path: Path, writer: SpoolWriter
) -> None:
    sink = SinkAtTimes()
    delivering = Delivering(tmp_path, sink)
    append(writer, range(1))
    delivering.wake()
    wait_for(lambda: sink.keys == keys_of(range(1)))
    append(writer, range(1, 2))
    wait_for(lambda: sink.keys == keys_of(range(2)))
    delivering.end()


@pytest.mark.parametrize(("urgent_bytes", "policy"), [(LIMIT, os.SCHED_IDLE), (1, os.sched_getscheduler(0))])
def test_it_lets_others_go_first_until_the_spool_is_filling_up(
    tmp_path: Path, writer: SpoolWriter, urgent_bytes: int, policy: int
) -> None:
    sink = SinkAtTimes()
    append(writer, range(3))
    Delivering(tmp_path, sink, urgent_bytes=urgent_bytes).end()
    assert sink.policies == {policy}
