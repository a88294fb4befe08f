"""`assay rollout abort` and `status` on a release of a real cluster, with clients none of whose requests may fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataset import write_csv_table
from promotion.gate.outcome import Outcome
from promotion.kubernetes.split_route import NO_ROUTE
from promotion.rollout.record import RolloutState, StopCode
from tests.promotion.evidence.columns import make_holdout
from tests.promotion.kubernetes.place import GATEWAY_URL, Place
from tests.promotion.kubernetes.promoting import HOLDING, QUICKLY, Promoting
from tests.promotion.rollout.place import Finished, run_assay
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


def rollout(place: Place, command: str, *more: str) -> Finished:
    release = ["--release", place.release.name, "--namespace", place.release.namespace]
    return run_assay("rollout", command, *release, *more)


def test_a_promoter_that_runs_ends_and_says_who_it_was_and_why(promoting: Promoting, clients: ClientLoad) -> None:
    place = promoting.place
    with promoting.begun(*HOLDING, "--steps", "50,100") as process:
        promoting.wait_until_observing(50, process)
        shown = rollout(place, "status", "--gateway-stats-url", place.stats_url)
        assert (shown.code, "1, now  50 %" in shown.stdout) == (20, True), shown.stderr
        done = rollout(place, "abort", "--gateway-url", GATEWAY_URL, "--reason", "clients complain")
        stdout, _ = process.communicate(timeout=60)
    assert done.code == 0, done.stderr
    assert process.returncode == Outcome.INCONCLUSIVE.exit_code
    assert stdout.rstrip().endswith(": clients complain")
    record = promoting.read_record()
    assert record is not None
    assert (record.state, record.code) == (RolloutState.RESTORED, StopCode.ABORTED)
    assert place.router.read_split() == NO_ROUTE
    assert clients.wait_for_more(200).keys() == {"v1"}
    assert rollout(place, "status").code == Outcome.INCONCLUSIVE.exit_code
    assert "aborted by " in rollout(place, "history").stdout


def test_a_promoter_that_was_killed_is_not_needed(promoting: Promoting, clients: ClientLoad) -> None:
    place = promoting.place
    with promoting.begun(*HOLDING, "--steps", "50,100") as process:
        promoting.wait_until_observing(50, process)
    for _ in range(2):
        done = rollout(place, "abort", "--gateway-url", GATEWAY_URL)
        assert done.code == 0, done.stderr
    record = promoting.read_record()
    assert record is not None
    assert (record.state, record.code) == (RolloutState.RESTORED, StopCode.ABORTED)
    assert place.router.read_split() == NO_ROUTE
    assert clients.wait_for_more(200).keys() == {"v1"}


def test_a_rollout_by_other_rules_takes_over_when_it_is_told_to(
    promoting: Promoting, clients: ClientLoad, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    write_csv_table(make_holdout(399), other)
    with promoting.begun(*HOLDING, "--steps", "50,100") as older:
        promoting.wait_until_observing(50, older)
        done = promoting.promote(*QUICKLY, "--steps", "50,100", "--holdout", str(other), "--supersede")
        older.communicate(timeout=60)
    assert done.code == 0, done.stderr
    assert older.returncode == Outcome.INCONCLUSIVE.exit_code
    first, second = promoting.place.store.read_kept()
    assert (first.code, second.state) == (StopCode.SUPERSEDED, RolloutState.PROMOTED)
    assert clients.wait_for_more(200).keys() == {"v2"}
