"""The record under its Lease, in a real cluster; what every store promises is in tests/contract."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from promotion.gate.record import EvidenceRecord
from promotion.kubernetes.errors import ClaimLost, RecordUnreachable
from promotion.kubernetes.lease import VALID_SECONDS
from promotion.kubernetes.rollout_store import KEPT, ClusterRolloutStore
from promotion.rollout.record import RolloutPlan
from promotion.rollout.rollout_store import RolloutNotUsable, RolloutUnderWay
from tests.promotion.kubernetes.place import StatePlace, api_server_at, kubectl, run_state
from tests.promotion.kubernetes.relay import open_relay
from tests.promotion.rollout.events import begun
from tests.promotion.rollout.surroundings import Faults, Revisions, judge_by
from tests.promotion.routers.machine import REPOSITORY, find_free_port

pytestmark = pytest.mark.cluster

RECORD = begun(RolloutPlan())


@pytest.fixture(scope="module")
def namespace() -> Iterator[StatePlace]:
    with run_state() as place:
        yield place


@pytest.fixture
def place(namespace: StatePlace) -> StatePlace:
    namespace.reset()
    return namespace


@contextmanager
def run_claiming_program(place: StatePlace) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.promotion.kubernetes.claiming_program"]
    process = subprocess.Popen(
        [*command, place.release.name, place.release.namespace],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert read_line(process) == "claimed"
        yield process
    finally:
        process.kill()
        process.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def save_in(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdin is not None
    process.stdin.write(f"{text}\n")
    process.stdin.flush()
    return read_line(process)


@pytest.mark.slow
def test_a_holder_that_slept_until_another_took_over_cannot_write(place: StatePlace) -> None:
    store = place.open_store()
    with run_claiming_program(place) as sleeper:
        assert save_in(sleeper, "before") == "saved"
        sleeper.send_signal(signal.SIGSTOP)
        with store.claim():
            store.save(replace(RECORD, because="the one after it"))
            sleeper.send_signal(signal.SIGCONT)
            assert save_in(sleeper, "too late").startswith("ClaimLost: ")
            assert store.read_newest() == replace(RECORD, because="the one after it")
            store.save(replace(RECORD, because="still its own"))


@pytest.mark.slow
def test_a_killed_holders_claim_is_free_once_its_lease_has_run_out(place: StatePlace) -> None:
    with run_claiming_program(place) as killed:
        killed.kill()
        killed.wait()
        started = time.monotonic()
        with place.open_store().claim():
            assert time.monotonic() - started > 1


@pytest.mark.slow
def test_a_holder_that_lives_keeps_its_claim_longer_than_a_lease_is_valid(place: StatePlace) -> None:
    with run_claiming_program(place) as holder:
        deadline = time.monotonic() + VALID_SECONDS + 2
        while time.monotonic() < deadline:
            with pytest.raises(RolloutUnderWay), place.open_store().claim():
                pass
        assert save_in(holder, "still") == "saved"


def test_a_claim_that_ends_is_free_at_once(place: StatePlace) -> None:
    with place.open_store().claim():
        pass
    started = time.monotonic()
    with place.open_store().claim():
        assert time.monotonic() - started < VALID_SECONDS


def test_who_has_not_claimed_cannot_write(place: StatePlace) -> None:
    with pytest.raises(ClaimLost, match="claimed by nobody, not by this process"):
        place.open_store().save(RECORD)
    store = place.open_store()
    with store.claim(), pytest.raises(ClaimLost):
        place.open_store().save(RECORD)
    with pytest.raises(ClaimLost):
        store.save(RECORD)
    assert store.read_newest() is None


def test_what_others_change_beside_the_record_does_not_stop_a_rollout(place: StatePlace) -> None:
    store = place.open_store()
    with store.claim():
        store.save(RECORD)
        for kind in ("configmap", "lease"):
            kubectl("-n", place.release.namespace, "label", kind, place.release.state_name, "helm.sh/chart=assay-2")
        store.save(replace(RECORD, because="after the upgrade"))
    assert store.read_newest() == replace(RECORD, because="after the upgrade")


def test_the_evidence_is_kept_beside_the_record(place: StatePlace) -> None:
    evidence, store = judge_by(Revisions(Faults()))(RECORD), place.open_store()
    with store.claim():
        store.save(RECORD)
        store.save_evidence(evidence)
        store.save(replace(RECORD, because="later"))
    assert store.read_evidence() == evidence
    kept = place.api.read(place.release.record)
    assert kept is not None
    assert EvidenceRecord.model_validate_json(kept["data"]["evidence.json"]) == evidence


def test_the_last_rollouts_are_kept_as_history(place: StatePlace) -> None:
    store = place.open_store()
    with store.claim():
        for number in range(1, KEPT + 4):
            store.save(replace(RECORD, rollout_id=number))
    kept = place.api.read(place.release.record)
    assert kept is not None
    assert set(kept["data"]) == {"record.json", *(f"history-{number}.json" for number in range(3, KEPT + 3))}
    assert [record.rollout_id for record in store.read_kept()] == list(range(3, KEPT + 4))


def test_a_record_that_is_none_is_not_usable(place: StatePlace) -> None:
    place.api.merge(place.release.record, {"data": {"record.json": '{"rollout_id": "one"}'}})
    with pytest.raises(RolloutNotUsable, match=r"shop-rollout, record\.json: not a rollout's record: rollout_id"):
        place.open_store().read_newest()


def test_a_write_waits_for_an_api_server_that_restarts(place: StatePlace) -> None:
    with open_relay() as (relay, api):
        store = ClusterRolloutStore(api, place.release)
        with store.claim():
            relay.block()
            unblocking = threading.Timer(1.5, relay.unblock)
            unblocking.start()
            store.save(RECORD)
            unblocking.join()
    assert place.open_store().read_newest() == RECORD


def test_an_api_server_that_is_away_and_a_chart_that_is_not_installed_are_named(place: StatePlace) -> None:
    address = f"https://127.0.0.1:{find_free_port()}"
    away = ClusterRolloutStore(api_server_at(address), place.release)
    with pytest.raises(RecordUnreachable, match=address):
        away.read_newest()
    with pytest.raises(RecordUnreachable, match=address), away.claim():
        pass
    nowhere = ClusterRolloutStore(place.api, replace(place.release, name="nowhere"))
    with pytest.raises(RecordUnreachable, match="ConfigMap nowhere-rollout is not in namespace"):
        nowhere.read_newest()
    with pytest.raises(RecordUnreachable, match="leases/nowhere-rollout: there is no such Lease"), nowhere.claim():
        pass
