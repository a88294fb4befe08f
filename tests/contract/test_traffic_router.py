"""What every TrafficRouter promises: the dry run, a real Envoy with two real servers, a real cluster with a gateway."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from promotion.routers.dry_run import DryRunRouter
from promotion.routers.traffic_router import RouterUnreachable, SplitConflict, SplitNotConfirmed, TrafficRouter
from tests.promotion.kubernetes.place import Place, run_release
from tests.promotion.routers.machine import Machine, run_machine

REQUESTS = 100


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with run_machine(tmp_path_factory.mktemp("contract") / "gateway") as running:
        yield running


@pytest.fixture(scope="module")
def cluster() -> Iterator[Place]:
    with run_release() as place:
        yield place


@pytest.fixture(params=["dry run", "envoy", pytest.param("kubernetes", marks=pytest.mark.cluster)])
def router(request: pytest.FixtureRequest) -> TrafficRouter:
    """A router at 0 %."""
    if request.param == "dry run":
        return DryRunRouter(report=print)
    place: Machine | Place = request.getfixturevalue("machine" if request.param == "envoy" else "cluster")
    place.router.restore_stable()
    return place.router


def test_a_written_split_is_read_back(router: TrafficRouter) -> None:
    written = router.write_split(25, since=router.read_split())
    assert written.canary_percent == 25
    assert router.read_split() == written


def test_a_written_split_is_confirmed_more_than_once(router: TrafficRouter) -> None:
    written = router.write_split(25, since=router.read_split())
    router.confirm_split(written, timeout_seconds=10)
    router.confirm_split(written, timeout_seconds=10)


def test_no_two_writes_share_a_token(router: TrafficRouter) -> None:
    tokens = {router.read_split().written_as}
    for percent in (5, 5, 0, 5):
        tokens.add(router.write_split(percent, since=router.read_split()).written_as)
    router.restore_stable()
    tokens.add(router.read_split().written_as)
    assert len(tokens) == 6


def test_a_conflict_changes_nothing(router: TrafficRouter) -> None:
    stale = router.read_split()
    written = router.write_split(5, since=stale)
    with pytest.raises(SplitConflict, match="5 %"):
        router.write_split(100, since=stale)
    assert router.read_split() == written
    router.confirm_split(written, timeout_seconds=10)


def test_a_repeated_write_conflicts_with_its_own_first(router: TrafficRouter) -> None:
    stale = router.read_split()
    router.write_split(5, since=stale)
    with pytest.raises(SplitConflict):
        router.write_split(5, since=stale)


def test_stable_is_restored_whoever_wrote_last(router: TrafficRouter) -> None:
    stale = router.read_split()
    router.write_split(50, since=stale)
    with pytest.raises(SplitConflict):
        router.write_split(5, since=stale)
    router.restore_stable()
    router.restore_stable()
    restored = router.read_split()
    assert restored.canary_percent == 0
    router.confirm_split(restored, timeout_seconds=10)


def test_whoever_read_before_a_restore_is_refused_after_it(router: TrafficRouter) -> None:
    before = router.write_split(50, since=router.read_split())
    router.restore_stable()
    with pytest.raises(SplitConflict):
        router.write_split(100, since=before)


def test_a_split_that_was_replaced_is_not_confirmed(router: TrafficRouter) -> None:
    replaced = router.write_split(5, since=router.read_split())
    router.write_split(10, since=replaced)
    with pytest.raises(SplitNotConfirmed, match="replaced by 10 %"):
        router.confirm_split(replaced, timeout_seconds=10)


@pytest.mark.parametrize("percent", [-1, 101, 2.5, True])
def test_a_share_outside_0_to_100_is_a_value_error_and_changes_nothing(router: TrafficRouter, percent: int) -> None:
    before = router.read_split()
    with pytest.raises(ValueError, match="expected a whole number from 0 to 100"):
        router.write_split(percent, since=before)
    assert router.read_split() == before


@pytest.mark.parametrize(("percent", "answering"), [(100, "v2"), (0, "v1")])
def test_once_confirmed_every_request_goes_by_the_split(machine: Machine, percent: int, answering: str) -> None:
    machine.split(100 - percent)
    machine.split(percent)
    assert {machine.who_answers() for _ in range(REQUESTS)} == {answering}


def test_once_restored_every_request_goes_to_stable(machine: Machine) -> None:
    machine.split(100)
    machine.router.restore_stable()
    assert {machine.who_answers() for _ in range(REQUESTS)} == {"v1"}


def test_a_router_whose_gateway_is_gone_is_unreachable_and_named(tmp_path: Path) -> None:
    with run_machine(tmp_path / "gateway") as machine:
        router = machine.router
        written = router.write_split(5, since=router.read_split())
    for call in (
        router.read_split,
        lambda: router.write_split(10, since=written),
        lambda: router.confirm_split(written, timeout_seconds=1),
        router.restore_stable,
        machine.read_counts,
    ):
        with pytest.raises(RouterUnreachable, match=str(tmp_path / "gateway")):
            call()


def test_a_directory_that_never_had_a_gateway_is_unreachable_and_named(machine: Machine, tmp_path: Path) -> None:
    router = type(machine.router)(tmp_path / "nowhere")
    with pytest.raises(RouterUnreachable, match="nowhere"):
        router.read_split()
    with pytest.raises(RouterUnreachable, match="nowhere"):
        router.restore_stable()
    assert not (tmp_path / "nowhere").exists()


def test_the_dry_run_says_what_it_would_do() -> None:
    said: list[str] = []
    router = DryRunRouter(report=said.append)
    router.confirm_split(router.write_split(5, since=router.read_split()), timeout_seconds=10)
    router.restore_stable()
    assert said == [
        "would send 5 % to the canary (now 0 %)",
        "would wait up to 10 s until 5 % is in force",
        "would send everything to stable (now 5 % to the canary)",
    ]
