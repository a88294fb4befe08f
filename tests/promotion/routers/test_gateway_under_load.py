"""What clients see while traffic moves and revisions go away: not one failed request, and counters that agree."""

import math
import signal
import time
from pathlib import Path

import httpx
import pytest

from promotion.routers.envoy import EnvoyProcess, EnvoyRequestCounter, RevisionEndpoint
from promotion.routers.request_counts import RequestCounts
from tests.promotion.routers.client_load import ClientLoad
from tests.promotion.routers.machine import Machine, find_free_port, run_server, wait_until


def test_no_request_fails_while_the_split_changes_all_the_time(machine: Machine) -> None:
    with ClientLoad(machine.gateway.url) as load:
        ending = time.monotonic() + 2
        changes = 0
        while time.monotonic() < ending or changes < 21:
            machine.split((0, 5, 100, 25, 50)[changes % 5])
            changes += 1
        load.wait_for_more(100)
    assert load.failures == []
    assert set(load.answered) == {"v1", "v2"}
    assert set(load.base_answered) == {"v1"}
    machine.assert_counted(load)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_no_request_fails_when_the_canary_ends_at_half_of_the_traffic(machine: Machine, ending: signal.Signals) -> None:
    with ClientLoad(machine.gateway.url) as load:
        machine.split(50)
        assert load.wait_for_more(300)["v2"] > 0
        machine.canary.process.send_signal(ending)
        machine.canary.process.wait()
        load.wait_for_more(500)
        assert set(load.wait_for_more(500)) == {"v1"}
    assert load.failures == []
    machine.assert_counted(load)


def test_no_request_fails_when_the_canary_is_killed_over_an_inference(machine: Machine) -> None:
    with run_server("v3", delay_seconds=0.2) as slow:
        machine.router.assign("canary", slow.endpoint)
        with ClientLoad(machine.gateway.url) as load:
            machine.split(100)
            assert load.wait_for_more(16)["v3"] > 0
            slow.process.kill()
            load.wait_for_more(100)
        assert load.failures == []
        machine.wait_for_counts(RequestCounts(stable=load.answered["v1"], canary=load.answered["v3"], failed=0))


def test_no_request_fails_while_the_canary_becomes_stable(machine: Machine) -> None:
    with ClientLoad(machine.gateway.url) as load:
        load.wait_for_more(100)
        machine.split(100)
        load.wait_for_more(100)
        machine.router.adopt_canary()
        assert machine.who_answers("GET", "/v2") == "v2"
        load.wait_for_more(100)
        machine.stable.process.terminate()
        machine.stable.process.wait()
        assert set(load.wait_for_more(300)) == {"v2"}
    assert load.failures == []
    assert load.base_answered["v2"] > 0
    revisions = machine.router.read_revisions()
    assert (revisions.stable, revisions.canary) == (machine.canary.endpoint, None)
    assert machine.router.read_split().canary_percent == 0


def test_no_request_fails_while_stable_moves_to_a_slow_server_and_back(machine: Machine) -> None:
    with run_server("v3", delay_seconds=0.1) as slow, ClientLoad(machine.gateway.url) as load:
        machine.router.assign("stable", slow.endpoint)
        assert set(load.wait_for_more(40)) <= {"v1", "v3"}
        assert set(load.wait_for_more(40)) == {"v3"}
        machine.router.assign("stable", machine.stable.endpoint)  # while v3 has requests in flight
        load.wait_for_more(40)
    assert load.failures == []


def test_the_observed_share_is_the_asked_one(machine: Machine) -> None:
    with ClientLoad(machine.gateway.url) as load:
        machine.split(25)
        seen = load.wait_for_more(3000)
    assert load.failures == []
    share = seen["v2"] / seen.total()
    # Five standard deviations: a right gateway fails this once in a million runs.
    assert abs(share - 0.25) < 5 * math.sqrt(0.25 * 0.75 / seen.total())


def test_a_fresh_canary_gets_its_requests_from_the_moment_of_the_confirmation(machine: Machine) -> None:
    for _ in range(5):
        machine.router.restore_stable()
        machine.router.assign("canary", None)
        machine.router.assign("canary", machine.canary.endpoint)
        machine.split(100)
        assert [machine.who_answers() for _ in range(10)] == ["v2"] * 10


def test_base_routes_and_health_checks_are_not_counted(machine: Machine) -> None:
    machine.split(50)
    for method, path in (("GET", "/v2"), ("GET", "/classify"), ("POST", "/explain"), ("POST", "/broken")):
        machine.ask(method, path)
    machine.split(100)
    for _ in range(20):
        machine.ask()
    machine.wait_for_counts(RequestCounts(stable=0, canary=20, failed=0))


def test_an_answer_that_no_revision_gave_counts_as_failed_only(machine: Machine) -> None:
    machine.stable.process.kill()
    machine.stable.process.wait()
    before = machine.read_counts()
    assert machine.ask().status_code == 503
    machine.wait_for_counts(RequestCounts(stable=before.stable, canary=before.canary, failed=before.failed + 1))


def test_an_error_of_the_canary_itself_reaches_the_client_and_is_counted(machine: Machine) -> None:
    machine.split(100)
    answer = machine.ask("POST", "/v2/models/broken/infer")
    assert (answer.status_code, answer.text) == (500, "v2")
    machine.wait_for_counts(RequestCounts(stable=0, canary=1, failed=1))


def test_a_request_that_its_client_gave_up_is_not_counted(machine: Machine) -> None:
    with run_server("v3", delay_seconds=0.5) as slow:
        machine.router.assign("stable", slow.endpoint)
        with pytest.raises(httpx.ReadTimeout):
            machine.client.post("/classify", timeout=0.1)
        assert machine.ask().text == "v3"
        machine.wait_for_counts(RequestCounts(stable=1, canary=0, failed=0))


def test_a_revision_that_takes_over_an_address_is_named_at_once(machine: Machine) -> None:
    renamed = RevisionEndpoint("v1b", machine.stable.endpoint.host, machine.stable.endpoint.port)
    machine.router.assign("stable", renamed)
    assert machine.who_answers() == "v1b"


def test_a_canary_that_hangs_is_left_for_stable_where_a_limit_a_try_is_set(tmp_path: Path) -> None:
    with (
        run_server("v1") as stable,
        run_server("v2") as canary,
        EnvoyProcess.start(tmp_path, stable.endpoint, port=find_free_port(), per_try_timeout_seconds=0.2) as gateway,
    ):
        router = gateway.router
        router.assign("canary", canary.endpoint)
        router.confirm_split(router.write_split(100, since=router.read_split()), timeout_seconds=10)
        canary.process.send_signal(signal.SIGSTOP)
        assert httpx.post(f"{gateway.url}/classify", trust_env=False).text == "v1"
        counter = EnvoyRequestCounter(tmp_path)
        expected = RequestCounts(stable=1, canary=0, failed=0)
        wait_until(lambda: counter.read_counts() == expected, lambda: str(counter.read_counts()))
