"""`assay promote` on a release of a real cluster, with clients that never pause; none of their requests may fail."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dataset import write_csv_table
from promotion.gate.outcome import Outcome
from promotion.gate.record import EvidenceRecord
from promotion.kubernetes.split_route import NO_ROUTE
from promotion.rollout.record import RolloutState
from promotion.routers.traffic_router import Split
from tests.promotion.evidence.columns import make_holdout
from tests.promotion.kubernetes.place import Place, kubectl, patch
from tests.promotion.kubernetes.promoting import HOLDING, QUICKLY, Promoting
from tests.promotion.kubernetes.relay import open_relay
from tests.promotion.routers.client_load import ClientLoad

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture
def promoting(place: Place, tmp_path: Path) -> Promoting:
    holdout = tmp_path / "holdout.csv"
    write_csv_table(make_holdout(), holdout)
    return Promoting(place, holdout)


@pytest.fixture
def clients(place: Place) -> Iterator[ClientLoad]:
    with place.load(connections=4) as load:
        load.wait_for_more(50)
        yield load
    assert load.failures == []


def assert_restored(promoting: Promoting, outcome: Outcome, because: str) -> None:
    record = promoting.read_record()
    assert record is not None
    assert (record.state, record.outcome) == (RolloutState.RESTORED, outcome)
    assert because in record.because
    assert promoting.place.router.read_split() == NO_ROUTE


def test_a_better_canary_takes_all_traffic_and_is_then_made_stable(promoting: Promoting, clients: ClientLoad) -> None:
    place = promoting.place
    done = promoting.promote(*QUICKLY, "--steps", "10,50,100")
    assert done.code == 0, done.stderr
    record = promoting.read_record()
    assert record is not None
    assert [seen.asked_percent for seen in record.observations] == [10, 50, 100]
    assert all(seen.counts.failed == 0 for seen in record.observations)
    assert clients.wait_for_more(200).keys() == {"v2"}
    kept = place.api.read(place.release.record)
    assert kept is not None
    assert EvidenceRecord.model_validate_json(kept["data"]["evidence.json"]).verdict is Outcome.PROMOTE
    reasons = kubectl("-n", place.release.namespace, "get", "events", "-o", "jsonpath={.items[*].reason}").split()
    assert {"VerdictPromote", "Confirming", "Observing", "Promoted"} <= set(reasons)

    again = promoting.promote(*QUICKLY)
    assert again.code == 0
    assert "rollout 1 has ended (promoted)" in again.stdout
    other = promoting.promote(*QUICKLY, "--holdout", str(_another_holdout(promoting)))
    assert other.code == 12
    assert "the canary takes 100 % already; a rollout begins at 0 %: name that canary stable" in other.stderr

    backend = "/spec/rules/0/backendRefs/0/name"
    patch(place.release.namespace, "httproute/shop", backend, "shop-v2")
    try:
        place.router.restore_stable()
        place.router.remove_route()
        assert clients.wait_for_more(200).keys() == {"v2"}
    finally:
        patch(place.release.namespace, "httproute/shop", backend, "shop-v1")


def _another_holdout(promoting: Promoting) -> Path:
    path = promoting.holdout.with_name("another.csv")
    write_csv_table(make_holdout(399), path)
    return path


def test_a_worse_canary_gets_not_one_request(promoting: Promoting, clients: ClientLoad) -> None:
    promoting.place.scale("v3", 1)
    promoting.place.wait_until_ready("v3")
    try:
        done = promoting.promote(*QUICKLY, canary="v3")
    finally:
        promoting.place.scale("v3", 0)
    assert done.code == 10, done.stderr
    assert_restored(promoting, Outcome.REJECT, "the canary is worse")
    assert clients.answered.keys() == {"v1"}


def test_a_canary_that_does_not_run_is_an_error(promoting: Promoting) -> None:
    done = promoting.promote(*QUICKLY, "--wait-ready-seconds", "1", canary="v3")
    assert done.code == 12
    missing = "the canary v3 has no ready endpoint (Deployment and Service shop-v3 or shop-v3-predictor in namespace"
    assert f"assay: {missing}" in done.stderr
    assert f"ERROR: after 1 s {missing}" in done.stderr
    assert promoting.read_record() is None


def test_a_canary_that_is_still_starting_is_waited_for(promoting: Promoting) -> None:
    with promoting.begun(*QUICKLY, canary="v3") as process:
        assert process.stderr is not None
        assert "the canary v3 has no ready endpoint" in process.stderr.readline()
        promoting.place.scale("v3", 1)
        try:
            stdout, stderr = process.communicate(timeout=60)
        finally:
            promoting.place.scale("v3", 0)
    assert process.returncode == 10, stdout + stderr


@pytest.mark.parametrize(("role", "runs", "named"), [("stable", "1", "9"), ("canary", "2", "9")])
def test_a_revision_that_runs_another_bundle_than_the_one_named_is_not_judged(
    promoting: Promoting, role: str, runs: str, named: str
) -> None:
    done = promoting.promote(*QUICKLY, f"--{role}-digest", f"sha256:{named * 64}")
    assert done.code == 12
    assert f"runs the bundle sha256:{runs * 64}, but is to run sha256:{named * 64}" in done.stderr
    assert promoting.read_record() is None
    assert promoting.place.router.read_split() == NO_ROUTE


def test_after_sigterm_the_same_command_goes_on_at_once(promoting: Promoting, clients: ClientLoad) -> None:
    with promoting.begun(*HOLDING, "--steps", "50,100") as process:
        promoting.wait_until_observing(50, process)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM
    assert "SIGTERM: the split stays as it is; the same command goes on from the record" in stderr
    assert promoting.place.router.read_split().canary_percent == 50
    _let_steps_end(promoting)
    done = promoting.promote()
    assert done.code == 0, done.stderr
    assert "rollout 1 goes on (observing)" in done.stdout


def test_a_second_promoter_is_refused_and_a_killed_one_is_finished(promoting: Promoting, clients: ClientLoad) -> None:
    with promoting.begun(*HOLDING, "--steps", "50,100") as first:
        promoting.wait_until_observing(50, first)
        second = promoting.promote(*QUICKLY)
        assert second.code == 12
        assert "a rollout is under way" in second.stderr
    assert promoting.place.router.read_split().canary_percent == 50
    _let_steps_end(promoting)
    done = promoting.promote()
    assert done.code == 0, done.stderr
    record = promoting.read_record()
    assert record is not None
    assert record.state is RolloutState.PROMOTED


def _let_steps_end(promoting: Promoting) -> None:
    """The plan of a rollout that goes on is its own: what made it hold is taken out of it."""
    record, store = promoting.read_record(), promoting.place.store
    assert record is not None
    with store.claim():
        store.save(replace(record, plan=replace(record.plan, minimum_requests=200, minimum_seconds=0.5)))


def test_a_route_that_is_deleted_by_hand_ends_the_rollout(promoting: Promoting) -> None:
    place = promoting.place
    with place.load(connections=4) as load, promoting.begun(*HOLDING, "--steps", "50,100") as process:
        promoting.wait_until_observing(50, process)
        kubectl("-n", place.release.namespace, "delete", "httproute", place.release.split_name)
        _, stderr = process.communicate(timeout=30)
        failures = len(load.failures)
        assert load.wait_for_more(100).keys() == {"v1"}
    assert process.returncode == 11, stderr
    assert_restored(promoting, Outcome.INCONCLUSIVE, "somebody else set the split to 0 %")
    assert len(load.failures) == failures < 100  # a deletion under traffic: see promotion/kubernetes/split_route.py


def test_an_api_server_that_restarts_in_a_step_does_not_end_the_rollout(
    promoting: Promoting, clients: ClientLoad, tmp_path: Path
) -> None:
    with open_relay() as (relay, api):
        kubeconfig = tmp_path / "kubeconfig"
        found = kubectl("config", "view", "--raw", "--minify")
        kubeconfig.write_text(found.replace(f"server: {promoting.place.api.address}", f"server: {api.address}"))
        kubeconfig.chmod(0o600)
        through_relay = replace(promoting, kubeconfig=kubeconfig)
        with through_relay.begun("--minimum-seconds", "3", "--steps", "50,100") as process:
            promoting.wait_until_observing(50, process)
            relay.block()
            clients.wait_for_more(1000)
            relay.unblock()
            stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stdout + stderr
    assert "does not answer" in stdout
    assert promoting.place.router.read_split().canary_percent == 100


def test_a_dry_run_moves_nothing_and_keeps_nothing(promoting: Promoting, clients: ClientLoad) -> None:
    done = promoting.promote("--dry-run")
    assert done.code == 0, done.stderr
    assert "would send 100 % to the canary (now 50 %)" in done.stderr
    assert promoting.read_record() is None
    assert promoting.place.router.read_split() == Split(0, NO_ROUTE.written_as)
    assert clients.answered.keys() == {"v1"}
