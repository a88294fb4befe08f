"""What every PredictionRecorder promises; each implementation is a parameter, and so is each way to the sink."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from predictor.recording.database_sink import DatabaseSink
from predictor.recording.json_lines_sink import JsonLinesSink
from predictor.recording.metrics import RecorderMetrics
from predictor.recording.prediction_recorder import DiscardRecorder, PredictionRecorder
from predictor.recording.queued_recorder import QueuedRecorder
from predictor.recording.record import Record
from predictor.recording.record_directory import RecordDirectory
from predictor.recording.record_sink import RecordSink
from predictor.recording.spool import Spool
from records.database import open_database
from records.schema import upgrade
from tests.predictor.predictions import make_prediction, number_of, read_records
from tests.predictor.server_process import DEADLINE_SECONDS, wait_for

NUMBERS = range(2000)


class SinkAtTimes:
    """A sink that can be taken away, and that fails every third time at best."""

    def __init__(self, sink: RecordSink) -> None:
        self.is_there = threading.Event()
        self._sink = sink
        self._times = 0

    def write(self, batch: Sequence[Record]) -> None:
        self._times += 1
        if not self.is_there.is_set() or self._times % 3 == 0:
            raise ConnectionError("the sink is away")
        self._sink.write(batch)

    def close(self) -> None:
        self._sink.close()


class Place:
    """Where records go, a directory or a database in it, and recorders before it, one after the other."""

    def __init__(self, path: Path, *, has_spool: bool, has_troubles: bool, is_database: bool = False) -> None:
        self.path = path
        self.is_database = is_database
        self._url = f"sqlite:///{path}/records.db"
        if is_database:
            upgrade(open_database(self._url))
        self._has_spool = has_spool
        self._has_troubles = has_troubles
        self._sinks: list[SinkAtTimes] = []
        self.metrics = CollectorRegistry()

    def open(self) -> PredictionRecorder:
        self.metrics = CollectorRegistry()
        with ExitStack() as stack:
            sink = stack.enter_context(closing(self._open_sink(stack)))
            spool = None
            if self._has_spool:
                spooled = stack.enter_context(closing(RecordDirectory(self.path / "spool")))
                spool = stack.enter_context(closing(Spool(spooled.path, limit_bytes=2**22)))
            self._sinks.append(SinkAtTimes(sink))
            if not self._has_troubles:
                self.let_through()
            return QueuedRecorder(
                self._sinks[-1] if self._has_troubles else sink,
                spool,
                RecorderMetrics(self.metrics),
                queue_bytes=2**22,
                record_bytes=2**16,
                retry_seconds=0.01,
                parts=stack.pop_all(),
                as_lines=not self.is_database,
            )

    def _open_sink(self, stack: ExitStack) -> RecordSink:
        if self.is_database:
            return DatabaseSink(lambda: self._url)
        directory = stack.enter_context(closing(RecordDirectory(self.path / "records")))
        return JsonLinesSink(directory.path, disk_bytes=2**26)

    def kept(self) -> list[tuple[str, int]]:
        """Key and number of each record, as they were written by each process."""
        if not self.is_database:
            return [(record["key"], number_of(record)) for record in read_records(self.path / "records")]
        with open_database(self._url).connect() as connection:
            rows = connection.execute(text("SELECT key, request_id FROM predictions ORDER BY rowid")).mappings().all()
            return [(row["key"], number_of(dict(row))) for row in rows]

    def let_through(self) -> None:
        for sink in self._sinks:
            sink.is_there.set()

    def count(self, name: str) -> float:
        return self.metrics.get_sample_value(f"assay_recorder_{name}") or 0.0


WAYS = {
    "file": {"has_spool": False, "has_troubles": False},
    "file, spool": {"has_spool": True, "has_troubles": False},
    "sink away": {"has_spool": False, "has_troubles": True},
    "sink away, spool": {"has_spool": True, "has_troubles": True},
    "database": {"has_spool": False, "has_troubles": False, "is_database": True},
    "database away, spool": {"has_spool": True, "has_troubles": True, "is_database": True},
}


@pytest.fixture(params=list(WAYS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path, **WAYS[request.param])


@pytest.fixture(params=["discard", *WAYS])
def recorder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PredictionRecorder]:
    is_none = request.param == "discard"
    made: PredictionRecorder = DiscardRecorder() if is_none else Place(tmp_path, **WAYS[request.param]).open()
    yield made
    made.close(0)


def record_from_threads(recorder: PredictionRecorder, numbers: Sequence[int]) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: recorder.record(make_prediction(number)), numbers))


def record_all(recorder: PredictionRecorder, numbers: Sequence[int]) -> None:
    for number in numbers:
        recorder.record(make_prediction(number))


def test_recording_and_closing_raise_nothing_whatever_becomes_of_it(recorder: PredictionRecorder) -> None:
    record_from_threads(recorder, NUMBERS)
    recorder.close(1)
    recorder.close(0)
    recorder.record(make_prediction(0))


def test_a_recorder_is_closed_in_the_time_that_it_has(recorder: PredictionRecorder) -> None:
    record_all(recorder, NUMBERS)
    recorder.close(0)


def test_each_prediction_is_kept_once(place: Place) -> None:
    recorder = place.open()
    record_from_threads(recorder, NUMBERS[:1000])
    place.let_through()
    record_from_threads(recorder, NUMBERS[1000:])
    wait_for(lambda: place.count("written_total") == len(NUMBERS))
    recorder.close(DEADLINE_SECONDS)
    kept = place.kept()
    assert sorted(number for _, number in kept) == list(NUMBERS)
    assert len({key for key, _ in kept}) == len(NUMBERS)
    assert place.count("dropped_total") == place.count("queued") == place.count("spool_bytes") == 0


def test_predictions_are_kept_in_order_over_the_ends_of_processes(place: Place) -> None:
    for numbers in (NUMBERS[:700], NUMBERS[700:800], NUMBERS[800:]):
        recorder = place.open()
        record_all(recorder, numbers)
        place.let_through()
        wait_for(lambda: place.count("queued") == place.count("spool_bytes") == 0)
        recorder.close(DEADLINE_SECONDS)
    assert [number for _, number in place.kept()] == list(NUMBERS)


def test_what_a_closed_recorder_could_not_write_is_written_by_the_next_one(tmp_path: Path) -> None:
    place = Place(tmp_path, has_spool=True, has_troubles=True)
    first = place.open()
    record_all(first, NUMBERS[:700])
    first.close(DEADLINE_SECONDS)
    assert read_records(place.path / "records") == []
    assert place.count("spooled_total") == 700
    second = place.open()
    record_all(second, NUMBERS[700:])
    place.let_through()
    wait_for(lambda: place.count("written_total") == len(NUMBERS))
    second.close(DEADLINE_SECONDS)
    assert [number_of(record) for record in read_records(place.path / "records")] == list(NUMBERS)


def test_two_recorders_of_one_directory_do_not_meet(place: Place) -> None:
    first, second = place.open(), place.open()
    place.let_through()
    record_all(first, NUMBERS[:100])
    record_all(second, NUMBERS[100:200])
    for recorder in (first, second):
        recorder.close(DEADLINE_SECONDS)
    assert sorted(number for _, number in place.kept()) == list(range(200))
    if not place.is_database:
        files = [*(place.path / "records").glob("worker-*/predictions.jsonl")]
        assert {len(file.read_bytes().splitlines()) for file in files} == {100}
        assert [file.parent.name for file in sorted(files)] == ["worker-0", "worker-1"]


def test_what_is_too_much_to_wait_is_dropped_and_counted(tmp_path: Path) -> None:
    sink_away = Place(tmp_path, has_spool=False, has_troubles=True)
    recorder = sink_away.open()
    big = 6000  # of about 1 KiB each: more than 4 MiB
    for number in range(big):
        recorder.record(make_prediction(number))
    dropped = sink_away.count("dropped_total")
    assert 0 < dropped < big
    sink_away.let_through()
    wait_for(lambda: sink_away.count("written_total") == big - dropped)
    recorder.close(DEADLINE_SECONDS)
    kept = [number_of(record) for record in read_records(tmp_path / "records")]
    assert kept == sorted(kept)
    assert len(kept) == big - dropped
