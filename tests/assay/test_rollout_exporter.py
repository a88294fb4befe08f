"""The exporter, as a scraper sees it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
import pytest

from assay.rollout_exporter import RolloutExporter
from promotion.rollout.record import RolloutPlan, RolloutRecord
from promotion.rollout.rollout_store import RolloutError
from tests.promotion.kubernetes.place import StatePlace, run_state
from tests.promotion.rollout.events import begun

RECORD = begun(RolloutPlan())


class Newest:
    """A store's newest record, or what reading it raises."""

    def __init__(self, found: RolloutRecord | RolloutError | None) -> None:
        self.found = found

    def __call__(self) -> RolloutRecord | None:
        if isinstance(self.found, RolloutError):
            raise self.found
        return self.found


@contextmanager
def run_exporter(newest: Newest) -> Iterator[str]:
    with RolloutExporter("127.0.0.1", 0, newest) as exporter:
        thread = Thread(target=exporter.serve_forever)
        thread.start()
        try:
            yield f"http://{exporter.address}"
        finally:
            exporter.shutdown()
            thread.join()


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


def test_every_scrape_reads_the_record_anew() -> None:
    newest = Newest(None)
    with run_exporter(newest) as url:
        assert "assay_rollout_id 0.0" in get(f"{url}/metrics").text
        newest.found = RECORD
        answer = get(f"{url}/metrics?from=anywhere")
    assert 'assay_rollout_state{state="judging"} 1.0' in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_record_that_cannot_be_read_is_no_metric_but_the_exporter_lives() -> None:
    with run_exporter(Newest(RolloutError("the API server does not answer"))) as url:
        answer = get(f"{url}/metrics")
        assert (answer.status_code, answer.text) == (503, "the API server does not answer\n")
        assert [get(f"{url}{path}").status_code for path in ("/health", "/health/live", "/health/ready")] == [200] * 3
        assert get(f"{url}/").status_code == 404


@pytest.fixture
def place() -> Iterator[StatePlace]:
    with run_state() as running:
        yield running


@pytest.mark.cluster
def test_it_serves_the_record_of_a_release_until_sigterm(place: StatePlace) -> None:
    store = place.open_store()
    with store.claim():
        store.save(RECORD)
    options = ["--release", place.release.name, "--namespace", place.release.namespace, "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "assay", "rollout-exporter", *options],
        env={**os.environ, "NO_COLOR": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        assert "assay_rollout_id 1.0" in get(url).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.communicate()
