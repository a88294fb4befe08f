"""`assay promote` killed in front of a real gateway and started again, while clients post all the time.

Where else a rollout can be killed, test_killed_rollout.py shows without a gateway.
"""

import signal
import subprocess
import sys

import pytest

from bundle import Bundle
from promotion.gate.outcome import Outcome
from promotion.rollout.record import RolloutRecord, RolloutState
from tests.promotion.evidence.predictors import REPOSITORY, RunningPredictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import QUICKLY, Place

pytestmark = pytest.mark.slow


def promote_and_die(place: Place, call: int, when: str, *more: str) -> int:
    """Minus the signal's number when it was killed."""
    command = [sys.executable, "-m", "tests.promotion.rollout.dying_promote", str(call), when, *place.options(*more)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=60, check=False).returncode


def written_shares(record: RolloutRecord) -> list[str]:
    return [event.text for event in record.history if event.text.startswith("split written")]


def test_a_promotion_that_is_killed_after_each_change_reaches_its_end(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    """Every process lives for one change: the next one begins with a save of what it found."""
    place.assign_canary("v2", predictors["v2"].url)
    shares, deaths = [0], 0
    while (code := promote_and_die(place, 2, "after", *QUICKLY, "--steps", "25,100")) == -signal.SIGKILL:
        deaths += 1
        shares.append(place.router.read_split().canary_percent)
    assert code == 0
    assert deaths == 1 + 2 * 4  # the verdict; in each step the write, and three saves
    assert shares == sorted(shares)
    record = place.read_record()
    assert record is not None
    assert (record.rollout_id, record.state, record.verdict) == (1, RolloutState.PROMOTED, Outcome.PROMOTE)
    assert written_shares(record) == ["split written: 25 %", "split written: 100 %"]
    assert clients.wait_for_more().keys() == {bundles["v2"].digest}


@pytest.mark.parametrize(("call", "when"), [(4, "before"), (7, "after")])
def test_a_promotion_that_is_killed_once_reaches_its_end(
    place: Place,
    clients: Clients,
    predictors: dict[str, RunningPredictor],
    bundles: dict[str, Bundle],
    call: int,
    when: str,
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    assert promote_and_die(place, call, when, *QUICKLY, "--steps", "25,100") == -signal.SIGKILL
    done = place.promote(*QUICKLY)
    assert done.code == 0, done.stderr
    record = place.read_record()
    assert record is not None
    assert written_shares(record) == ["split written: 25 %", "split written: 100 %"]
    assert clients.wait_for_more().keys() == {bundles["v2"].digest}


@pytest.mark.parametrize(("call", "when"), [(2, "before"), (3, "after"), (4, "after")])
def test_a_rejection_that_is_killed_reaches_its_end(
    place: Place,
    clients: Clients,
    predictors: dict[str, RunningPredictor],
    bundles: dict[str, Bundle],
    call: int,
    when: str,
) -> None:
    place.assign_canary("v3", predictors["v3"].url)
    assert promote_and_die(place, call, when, *QUICKLY) == -signal.SIGKILL
    done = place.promote(*QUICKLY)
    assert done.code == 10, done.stderr
    record = place.read_record()
    assert record is not None
    assert (record.state, record.verdict, record.outcome) == (RolloutState.RESTORED, Outcome.REJECT, Outcome.REJECT)
    assert place.router.read_split().canary_percent == 0
    clients.wait_for_more()
    assert {answer.digest for answer in clients.answers} == {bundles["v1"].digest}
