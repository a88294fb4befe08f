"""Constant load through the gateway while everything behind it ends in turn: nothing is lost, mixed or recorded twice.

`make soak` runs this for minutes and prints what happened; the tests run each fault once.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import numpy as np
import psutil
import pytest
from sqlalchemy import RowMapping

from tests.predictor.bundles import write_contrary_bundle
from tests.predictor.server_process import wait_for
from tests.records.postgres_server import PostgresServer
from tests.soak.clients import CLIENTS, Notes, Told, asking
from tests.soak.place import Place, resident_bytes, small_disk
from tests.soak.report import Report

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]
SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
RATE = float(os.environ.get("SOAK_RATE", "60"))
REPORT = os.environ.get("SOAK_REPORT")
PAUSE_SECONDS = 1.5
MEMORY_SLACK_BYTES = 25 * 2**20


@pytest.fixture
def place(tmp_path: Path, postgres: PostgresServer) -> Iterator[Place]:
    bundles = write_contrary_bundle(tmp_path / "a"), write_contrary_bundle(tmp_path / "b", turns_for_one=2)
    with ExitStack() as stack:
        stack.enter_context(small_disk(tmp_path / "disk"))
        yield Place(tmp_path, postgres, bundles, tmp_path / "disk", stack)


def roll_a_revision(place: Place) -> None:
    place.end_canary()
    place.begin_canary()
    for percent in (10, 50, 100, 50):
        place.shift(percent)
        time.sleep(PAUSE_SECONDS / 4)


def kill_a_worker(place: Place) -> None:
    assert place.canary
    supervisor = psutil.Process(place.canary.process.pid)
    workers = [child for child in supervisor.children() if "predictor.recording" not in child.cmdline()]
    random.choice(workers).send_signal(signal.SIGKILL)
    time.sleep(PAUSE_SECONDS)


def kill_the_delivery(place: Place) -> None:
    (delivery,) = psutil.Process(place.stable.process.pid).children()
    delivery.send_signal(signal.SIGKILL)
    time.sleep(PAUSE_SECONDS)


def crash_the_database(place: Place) -> None:
    place.postgres.crash()
    time.sleep(PAUSE_SECONDS)
    place.postgres.start()
    time.sleep(PAUSE_SECONDS)


def restart_the_gateway(place: Place) -> None:
    place.restart_gateway()
    place.shift(50)


def fill_the_disk(place: Place) -> None:
    place.fill_disk()
    time.sleep(PAUSE_SECONDS)
    place.empty_disk()
    time.sleep(PAUSE_SECONDS)


FAULTS: tuple[Callable[[Place], None], ...] = (
    roll_a_revision,
    kill_a_worker,
    crash_the_database,
    kill_the_delivery,
    fill_the_disk,
    restart_the_gateway,
)


def test_nothing_is_lost_or_mixed_whatever_ends_meanwhile(place: Place) -> None:
    place.begin_canary()
    place.shift(50)
    ends = time.monotonic() + SECONDS
    report = Report(RATE)
    with asking(place.url, RATE) as notes:
        wait_for(lambda: len(notes.told) > 2 * CLIENTS)
        for cycle in count():
            for fault in FAULTS:
                name = fault.__name__.replace("_", " ")
                with notes.going_on(name):
                    fault(place)
                report.note(name)
                time.sleep(PAUSE_SECONDS)
            report.memory_bytes.append(resident_bytes(place.stable))
            if time.monotonic() > ends:
                break
            print(f"cycle {cycle + 1}: {len(notes.told)} of {notes.asked} answered", flush=True)
    place.end_canary()
    place.deliver_all()
    rows = place.recorded()
    recorded = check_recorded(rows, notes)
    report.finish(notes, recorded=recorded, dropped=place.metric(place.stable, "assay_recorder_dropped_total"))
    print(report.to_markdown())
    if REPORT:
        report.write(Path(REPORT))
    assert notes.mixed == []
    assert report.dropped == 0
    # An answer that was under way when its worker was killed is not recorded; and nothing else is missing.
    assert report.told - report.recorded_of_told <= CLIENTS * report.times["kill a worker"]
    unanswered = {what for what, _ in notes.unanswered}
    assert unanswered <= {"kill a worker", "restart the gateway"}, notes.unanswered
    assert report.memory_bytes[-1] <= report.memory_bytes[0] + MEMORY_SLACK_BYTES


def check_recorded(rows: list[RowMapping], notes: Notes) -> set[str]:
    """The requests that are recorded: each once, and as its client was answered."""
    keys = [(row["key"], row["row"]) for row in rows]
    assert len(set(keys)) == len(keys)
    found: dict[str, list[RowMapping]] = {}
    for row in rows:
        found.setdefault(row["request_id"], []).append(row)
    for request_id, parts in found.items():
        if told := notes.told.get(request_id):
            check_equal(request_id, parts, told)
    return set(found)


def check_equal(request_id: str, parts: list[RowMapping], told: Told) -> None:
    assert [part["row"] for part in parts] == list(range(len(told.rows))), f"{request_id} is recorded twice"
    for part, row, index in zip(parts, told.rows, told.indices, strict=True):
        assert np.frombuffer(part["inputs"], np.float32).tolist() == row
        assert (part["label_index"], part["revision"]) == (index, told.revision)
