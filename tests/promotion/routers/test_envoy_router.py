"""The split and the roles of one real gateway: who may change what, and what is refused."""

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from promotion.routers.envoy import EnvoyRouter, RevisionEndpoint, RevisionNotConfirmed, StepOutOfOrder
from promotion.routers.traffic_router import Split, SplitConflict, SplitNotConfirmed
from tests.promotion.routers.machine import REPOSITORY, Machine, find_free_port, run_server, wait_until


@pytest.mark.parametrize(
    ("method", "path", "answering"),
    [
        ("POST", "/classify", "v2"),
        ("POST", "/classify?explain=yes", "v2"),
        ("POST", "//a/../classify", "v2"),
        ("POST", "/v2/models/digits/infer", "v2"),
        ("POST", "/v2/models/digits/versions/7/infer", "v2"),
        ("POST", "/v2/models/a/b/infer", "v1"),
        ("POST", "/v2/models/digits/infer/", "v1"),
        ("POST", "/classify/", "v1"),
        ("GET", "/classify", "v1"),
        ("OPTIONS", "/classify", "v1"),
        ("HEAD", "/v2", "v1"),
        ("GET", "/v2/models/digits", "v1"),
    ],
)
def test_inference_is_split_and_everything_else_goes_to_stable(
    split_machine: Machine, method: str, path: str, answering: str
) -> None:
    assert split_machine.who_answers(method, path) == answering


def test_of_writers_at_the_same_moment_exactly_one_wins(machine: Machine) -> None:
    for _ in range(10):
        since = machine.router.read_split()
        ready = threading.Barrier(4)
        with ThreadPoolExecutor() as writers:
            outcomes = list(writers.map(write, [machine] * 4, (5, 25, 50, 100), [since] * 4, [ready] * 4))
        assert outcomes.count("conflict") == 3
        assert f"wrote {machine.router.read_split().canary_percent}" in outcomes


def write(machine: Machine, percent: int, since: Split, ready: threading.Barrier) -> str:
    ready.wait()
    try:
        machine.router.write_split(percent, since=since)
    except SplitConflict:
        return "conflict"
    return f"wrote {percent}"


def test_a_split_without_a_canary_is_refused_and_changes_nothing(machine: Machine) -> None:
    machine.router.assign("canary", None)
    before = machine.router.read_split()
    with pytest.raises(StepOutOfOrder, match="no revision is the canary"):
        machine.router.write_split(5, since=before)
    assert machine.router.read_split() == before
    assert machine.who_answers() == "v1"


def test_a_split_to_a_canary_that_is_not_ready_is_not_confirmed(machine: Machine) -> None:
    machine.canary.process.send_signal(signal.SIGUSR1)
    router = machine.router
    written = router.write_split(100, since=router.read_split())

    def is_refused() -> bool:
        try:
            router.confirm_split(written, timeout_seconds=0)
        except SplitNotConfirmed as error:
            return "the canary does not answer as ready" in str(error)
        return False

    wait_until(is_refused, lambda: "the split is still confirmed")
    assert machine.who_answers() == "v1"
    machine.canary.process.send_signal(signal.SIGUSR1)
    router.confirm_split(written, timeout_seconds=10)
    assert machine.who_answers() == "v2"


def test_a_split_that_envoy_refuses_is_known_at_once(machine: Machine) -> None:
    router = machine.router
    written = router.write_split(5, since=router.read_split())
    routes = machine.directory / "rds" / "routes.json"
    document = orjson.loads(routes.read_bytes())
    document["resources"][0]["virtual_hosts"][0]["routes"][0]["route"]["weighted_clusters"]["clusters"][0]["name"] = "x"
    document["resources"][0]["metadata"]["filter_metadata"]["assay"]["split"] = "refused"
    draft = machine.directory / "draft"
    draft.write_bytes(orjson.dumps(document))
    draft.rename(routes)
    begun = time.monotonic()
    with pytest.raises(SplitNotConfirmed, match=r"Envoy refuses .*envoy\.log says why"):
        router.confirm_split(router.read_split(), timeout_seconds=60)
    assert time.monotonic() - begun < 30
    assert router.read_split().written_as != written.written_as
    router.restore_stable()
    assert machine.who_answers() == "v1"


def test_the_canary_does_not_change_while_it_gets_requests(machine: Machine) -> None:
    machine.split(5)
    before = machine.router.read_revisions()
    for revision in (None, RevisionEndpoint("v3", "127.0.0.1", find_free_port())):
        with pytest.raises(StepOutOfOrder, match="the canary gets 5 %"):
            machine.router.assign("canary", revision)
    machine.router.assign("canary", before.canary)
    assert machine.router.read_revisions() == before


def test_a_revision_that_is_not_ready_yet_is_waited_for(machine: Machine) -> None:
    with run_server("v3") as late:
        late.process.send_signal(signal.SIGUSR1)
        assigning = threading.Thread(target=machine.router.assign, args=("stable", late.endpoint))
        assigning.start()
        assert [machine.ask().text for _ in range(50)] == ["v1"] * 50
        late.process.send_signal(signal.SIGUSR1)
        assigning.join()
        assert machine.who_answers() == "v3"


def test_stable_is_never_nobody(machine: Machine) -> None:
    with pytest.raises(ValueError, match="stable cannot be nobody"):
        machine.router.assign("stable", None)
    assert machine.who_answers() == "v1"


@pytest.mark.parametrize("role", ["stable", "canary"])
def test_a_revision_that_does_not_answer_gets_no_role(machine: Machine, role: str) -> None:
    before = machine.router.read_revisions()
    absent = RevisionEndpoint("v3", "127.0.0.1", find_free_port())
    with pytest.raises(
        RevisionNotConfirmed, match=f"v3 is not {role} after 0.5 s, .*: {absent.url}/v2/health/ready does not answer"
    ):
        machine.router.assign("stable" if role == "stable" else "canary", absent, timeout_seconds=0.5)
    assert machine.router.read_revisions() == before
    machine.split(100)
    assert machine.who_answers("GET", "/v2") == "v1"
    assert machine.who_answers() == "v2"


def test_a_canary_is_adopted_from_100_percent_only(machine: Machine) -> None:
    machine.split(50)
    with pytest.raises(StepOutOfOrder, match="the canary gets 50 %"):
        machine.router.adopt_canary()
    machine.router.restore_stable()
    machine.router.assign("canary", None)
    with pytest.raises(StepOutOfOrder, match="there is none to adopt"):
        machine.router.adopt_canary()


def test_an_interrupted_adoption_goes_on_where_it_was(machine: Machine) -> None:
    machine.split(100)
    machine.router.assign("stable", machine.canary.endpoint)
    machine.router.adopt_canary()
    assert machine.router.read_revisions().canary is None
    assert machine.router.read_revisions().stable == machine.canary.endpoint
    assert machine.who_answers() == "v2"


def test_a_stable_that_calls_itself_unready_keeps_its_requests_and_takes_over_from_a_dead_canary(
    machine: Machine,
) -> None:
    machine.split(50)
    machine.stable.process.send_signal(signal.SIGUSR1)
    machine.canary.process.kill()
    ending = time.monotonic() + 2.5
    while time.monotonic() < ending:
        assert machine.ask().text == "v1"
        assert machine.ask("GET", "/v2").text == "v1"
        time.sleep(0.01)


def test_who_has_which_role_is_known_without_a_gateway(machine: Machine) -> None:
    machine.gateway.stop()
    revisions = EnvoyRouter(machine.directory).read_revisions()
    assert (revisions.stable, revisions.canary) == (machine.stable.endpoint, machine.canary.endpoint)


@pytest.mark.parametrize(
    ("name", "host", "port", "message"),
    [
        ("v 1", "127.0.0.1", 8000, "is no name"),
        ("v1\r\nx", "127.0.0.1", 8000, "is no name"),
        ("v1", "localhost", 8000, "'localhost' is no IP address"),
        ("v1", "127.0.0.1", 0, r"port 0 is outside 1\.\.65535"),
    ],
)
def test_an_endpoint_that_envoy_could_not_use_is_refused(name: str, host: str, port: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RevisionEndpoint(name, host, port)


def test_an_endpoint_says_where_it_is() -> None:
    assert RevisionEndpoint("v1", "127.0.0.1", 8000).url == "http://127.0.0.1:8000"
    assert RevisionEndpoint("v1", "::1", 8000).url == "http://[::1]:8000"


def test_another_process_moves_the_traffic(machine: Machine) -> None:
    program = (
        "import sys, pathlib\n"
        "from promotion.routers.envoy import EnvoyRouter\n"
        "router = EnvoyRouter(pathlib.Path(sys.argv[1]))\n"
        "router.confirm_split(router.write_split(100, since=router.read_split()), timeout_seconds=10)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(machine.directory)], cwd=REPOSITORY, check=True)
    assert machine.who_answers() == "v2"
    assert machine.router.read_split().canary_percent == 100


def test_a_relative_directory_works(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(machine.directory.parent)
    assert EnvoyRouter(Path(machine.directory.name)).read_split() == machine.router.read_split()
