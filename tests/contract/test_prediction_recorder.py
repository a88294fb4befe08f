"""What every PredictionRecorder promises; each implementation is a parameter, and so is each way to the sink."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from predictor.metrics import PredictorMetrics
from predictor.recording.prediction_recorder import PredictionRecorder
from predictor.settings import PredictorSettings
from predictor.wiring import create_metrics, create_recorder
from records.database import open_database
from records.schema import upgrade
from tests.predictor.predictions import make_prediction, number_of, read_records
from tests.predictor.server_process import DEADLINE_SECONDS, wait_for

NUMBERS = range(2000)


class Place:
    """Where records go, files or a database in a directory, and recorders before it, one after the other."""

    def __init__(self, path: Path, *, is_database: bool = False, is_away: bool = False, **settings: Any) -> None:
        self.path = path
        self.is_database = is_database
        self._is_away = is_away
        self._url = f"sqlite:///{path}/records.db"
        self._settings = {"record_queue_bytes": 2**22, "record_disk_bytes": 2**22, **settings}
        self._metrics: PredictorMetrics = create_metrics()
        if is_database and not is_away:
            self.let_through()

    def open(self) -> PredictionRecorder:
        self._metrics = create_metrics()
        record = "database" if self.is_database else f"jsonl:{self.path / 'records'}"
        return create_recorder(PredictorSettings(record=record, **self._settings), self._metrics)

    def let_through(self) -> None:
        """From now on the database has tables."""
        if self.is_database:
            database = open_database(self._url)
            upgrade(database)
            database.dispose()

    def kept(self) -> list[tuple[str, int]]:
        """Key and number of each record, as they were written by each process."""
        if not self.is_database:
            return [(record["key"], number_of(record)) for record in read_records(self.path / "records")]
        database = open_database(self._url)
        with database.connect() as connection:
            rows = connection.execute(text("SELECT key, request_id FROM predictions ORDER BY rowid")).mappings().all()
        database.dispose()
        return [(row["key"], number_of(dict(row))) for row in rows]

    def count(self, name: str) -> float:
        families = {family.name: family.samples for family in self._metrics.families()}
        samples = [
            value for each in families.values() for sample, _, value in each if sample == f"assay_recorder_{name}"
        ]
        return sum(samples)


WAYS: dict[str, dict[str, Any]] = {
    "discard": {},
    "files": {},
    "files, spool": {"record_spool_dir": "spool"},
    "database": {"is_database": True},
    "database away, spool": {"is_database": True, "is_away": True, "record_spool_dir": "spool"},
}
KEEPING = ["files", "database away, spool"]


def open_place(path: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Place:
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"sqlite:///{path}/records.db")  # for the delivery process
    monkeypatch.chdir(path)
    return Place(path, **settings)


@pytest.fixture(params=KEEPING)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return open_place(tmp_path, monkeypatch, **WAYS[request.param])


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return open_place(tmp_path, monkeypatch, **WAYS["database away, spool"])


@pytest.fixture(params=["discard", "files", "database away, spool"])
def recorder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PredictionRecorder]:
    is_none = request.param == "discard"
    place = open_place(tmp_path, monkeypatch, **WAYS[request.param])
    made = create_recorder(PredictorSettings(record="none"), create_metrics()) if is_none else place.open()
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


@pytest.mark.parametrize("place", [way for way in WAYS if way != "discard"], indirect=True)
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
    for numbers in (NUMBERS[:700], NUMBERS[700:]):
        recorder = place.open()
        record_all(recorder, numbers)
        place.let_through()
        wait_for(lambda: place.count("queued") == place.count("spool_bytes") == 0)
        recorder.close(DEADLINE_SECONDS)
    assert [number for _, number in place.kept()] == list(NUMBERS)


def test_what_a_closed_recorder_could_not_write_is_written_by_the_next_one(away: Place) -> None:
    first = away.open()
    record_all(first, NUMBERS[:700])
    first.close(DEADLINE_SECONDS)
    assert (away.count("spooled_total"), away.count("written_total")) == (700, 0)
    second = away.open()
    record_all(second, NUMBERS[700:])
    away.let_through()
    wait_for(lambda: away.count("written_total") == len(NUMBERS))
    second.close(DEADLINE_SECONDS)
    assert [number for _, number in away.kept()] == list(NUMBERS)


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


def test_what_is_too_much_to_wait_is_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"record_queue_bytes": 2**18, "record_disk_bytes": 2**20}
    away = open_place(tmp_path, monkeypatch, **WAYS["database away, spool"], **limits)
    recorder = away.open()
    many = 6000  # of about 500 bytes each
    for number in range(many):
        recorder.record(make_prediction(number))
    dropped = away.count("dropped_total")
    assert 0 < dropped < many
    assert away.count("spool_bytes") <= 2**20
    away.let_through()
    wait_for(lambda: away.count("written_total") == many - dropped)
    recorder.close(DEADLINE_SECONDS)
    kept = [number for _, number in away.kept()]
    assert kept == sorted(kept)
    assert len(kept) == many - dropped
