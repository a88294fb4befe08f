"""What every MirroringRouter promises: the dry run, and a real Envoy with two real servers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from promotion.routers.dry_run import DryRunRouter
from promotion.routers.envoy import EnvoyRouter, EnvoyServed, StepOutOfOrder
from promotion.routers.envoy.admin import EnvoyAdmin
from promotion.routers.traffic_router import MirroringRouter, SplitConflict, TrafficRouter
from tests.promotion.routers.machine import Machine, run_machine, wait_until

REQUESTS = 60


class Router(TrafficRouter, MirroringRouter, Protocol):
    """One that can."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with run_machine(tmp_path_factory.mktemp("contract") / "gateway") as running:
        yield running


@pytest.fixture(params=["dry run", "envoy"])
def router(request: pytest.FixtureRequest) -> Router:
    """A router at 0 %."""
    if request.param == "dry run":
        return DryRunRouter(report=print)
    machine: Machine = request.getfixturevalue("machine")
    machine.router.restore_stable()
    return machine.router


def test_a_mirror_is_a_split_of_0_percent_that_is_read_back(router: Router) -> None:
    written = router.write_mirror(since=router.read_split())
    assert (written.canary_percent, written.mirrors) == (0, True)
    assert router.read_split() == written
    router.confirm_split(written, timeout_seconds=10)


def test_a_mirror_is_refused_where_somebody_wrote_since(router: Router) -> None:
    stale = router.read_split()
    written = router.write_split(5, since=stale)
    with pytest.raises(SplitConflict):
        router.write_mirror(since=stale)
    assert router.read_split() == written


def count_copies(machine: Machine) -> int:
    """What Envoy itself sent to the canary, for nobody: neither a client's request nor a health check."""
    return sum(EnvoyAdmin(machine.directory).read_stats(r"^cluster\.canary\.internal\.upstream_rq_completed$").values())


@pytest.mark.parametrize("ends", ["split", "restore"])
def test_any_later_split_ends_a_mirror(router: Router, ends: str) -> None:
    mirrored = router.write_mirror(since=router.read_split())
    if ends == "split":
        assert not router.write_split(5, since=mirrored).mirrors
    else:
        router.restore_stable()
    assert not router.read_split().mirrors


def test_copies_reach_the_canary_and_count_for_nobody(machine: Machine) -> None:
    router, served = machine.router, EnvoyServed(machine.directory)
    router.restore_stable()
    before, before_served = machine.read_counts(), served.read_served()
    copied = count_copies(machine)
    router.confirm_split(router.write_mirror(since=router.read_split()), timeout_seconds=10)
    assert {machine.who_answers() for _ in range(REQUESTS)} == {"v1"}
    wait_until(lambda: count_copies(machine) == copied + REQUESTS, lambda: f"{count_copies(machine) - copied} copies")
    wait_until(lambda: machine.read_counts().since(before).stable == REQUESTS, lambda: f"{machine.read_counts()}")
    counts, live = machine.read_counts().since(before), served.read_served().since(before_served)
    assert (counts.stable, counts.canary, counts.failed) == (REQUESTS, 0, 0)
    assert (live.stable.requests, live.canary.requests, live.canary.timed) == (REQUESTS, 0, 0)
    router.restore_stable()
    assert {machine.who_answers() for _ in range(REQUESTS)} == {"v1"}
    assert count_copies(machine) == copied + REQUESTS


def test_a_canary_that_goes_away_is_not_missed_by_the_clients_of_a_mirror(tmp_path: Path) -> None:
    with run_machine(tmp_path / "gateway") as machine:
        router = machine.router
        router.confirm_split(router.write_mirror(since=router.read_split()), timeout_seconds=10)
        machine.canary.process.kill()
        assert {machine.who_answers() for _ in range(REQUESTS)} == {"v1"}
        assert machine.read_counts().failed == 0
        with pytest.raises(StepOutOfOrder, match="the canary gets copies of the requests; write 0 % before"):
            router.assign("canary", None)
        router.restore_stable()
        router.assign("canary", None)
        with pytest.raises(StepOutOfOrder, match="no revision is the canary, so a mirror has nowhere to go"):
            EnvoyRouter(machine.directory).write_mirror(since=router.read_split())
