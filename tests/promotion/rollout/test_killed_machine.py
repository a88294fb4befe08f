"""The router and stable's predictor are killed (SIGKILL) under a real promoter, and the machine is put right again."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bundle import Bundle
from dataset import write_csv_table
from promotion.gate.outcome import Outcome
from promotion.rollout.record import RolloutState
from tests.promotion.evidence.columns import make_holdout
from tests.promotion.evidence.predictors import RunningPredictor, run_predictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import HOLDING, QUICKLY, Place, run_gateway

pytestmark = pytest.mark.slow


@pytest.fixture
def mortal_stable(bundles: dict[str, Bundle]) -> Iterator[RunningPredictor]:
    with run_predictor(bundles["v1"].path, "v1") as stable:
        yield stable


@pytest.fixture
def mortal(
    mortal_stable: RunningPredictor, predictors: dict[str, RunningPredictor], tmp_path: Path
) -> Iterator[tuple[Place, ExitStack]]:
    """A machine of its own, and what holds its gateway."""
    holdout = tmp_path / "holdout.csv"
    write_csv_table(make_holdout(), holdout)
    with ExitStack() as stack:
        url = stack.enter_context(run_gateway(tmp_path / "gateway", mortal_stable))
        place = Place(tmp_path / "gateway", url, holdout, tmp_path / "rollouts")
        place.assign_canary("v2", predictors["v2"].url)
        yield place, stack


def kill_envoy(gateway: Path) -> None:
    found = re.match(r"pid (\d+),", (gateway / "gateway.lock").read_text())
    assert found is not None
    os.kill(int(found[1]), signal.SIGKILL)


def test_a_router_that_is_killed_leaves_a_rollout_that_is_finished_once_there_is_one_again(
    mortal: tuple[Place, ExitStack], mortal_stable: RunningPredictor
) -> None:
    place, stack = mortal
    with Clients(place.url) as clients, place.promoting(*HOLDING, "--steps", "50,100") as process:
        place.wait_until_observing(50, process)
        clients.wait_for_more()
        kill_envoy(place.gateway)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == Outcome.ERROR.exit_code, stderr
    assert "run the same command again to go on" in stderr
    record = place.read_record()
    assert record is not None
    assert (record.state, record.outcome) == (RolloutState.RESTORING, Outcome.ERROR)

    stack.close()
    with run_gateway(place.gateway, mortal_stable) as url, Clients(url) as clients:
        done = place.promote(*QUICKLY)
        assert done.code == Outcome.ERROR.exit_code, done.stderr
        record = place.read_record()
        assert record is not None
        assert (record.rollout_id, record.state) == (1, RolloutState.RESTORED)
        assert place.router.read_split().canary_percent == 0
        clients.wait_for_more()
        assert clients.failures == []


def test_a_stable_that_is_killed_gives_no_canary_its_traffic(
    mortal: tuple[Place, ExitStack], mortal_stable: RunningPredictor, bundles: dict[str, Bundle]
) -> None:
    """The canary is not promoted for being the only one that is left: that was not judged."""
    place, _ = mortal
    with Clients(place.url) as clients, place.promoting(*HOLDING, "--steps", "50,100") as process:
        place.wait_until_observing(50, process)
        clients.wait_for_more()
        mortal_stable.kill()
        _, stderr = process.communicate(timeout=120)
    assert process.returncode in {Outcome.ERROR.exit_code, Outcome.REJECT.exit_code}, stderr
    record = place.read_record()
    assert record is not None
    assert record.state is RolloutState.RESTORED
    assert place.router.read_split().canary_percent == 0
    assert [event.text for event in record.history if "split written" in event.text] == ["split written: 50 %"]
    with run_predictor(bundles["v1"].path, "v1", port=mortal_stable.port), Clients(place.url) as clients:
        assert clients.wait_for_more().keys() == {bundles["v1"].digest}
