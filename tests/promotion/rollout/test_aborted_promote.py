"""`assay rollout abort` beside a real promoter, on a real gateway, with clients none of whose requests may fail."""

import getpass

import pytest

from bundle import Bundle
from promotion.gate.outcome import Outcome
from promotion.rollout.record import RolloutState, StopCode
from tests.promotion.evidence.predictors import RunningPredictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import HOLDING, QUICKLY, Finished, Place, run_assay

pytestmark = pytest.mark.slow


def abort(place: Place, *more: str) -> Finished:
    return run_assay("rollout", "abort", "--gateway", str(place.gateway), "--out", str(place.out), *more)


def test_a_promoter_that_runs_ends_and_says_who_it_was_and_why(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    with place.promoting(*HOLDING, "--steps", "50,100") as process:
        place.wait_until_observing(50, process)
        done = abort(place, "--reason", "clients complain")
        stdout, stderr = process.communicate(timeout=30)
    assert done.code == 0, done.stderr
    assert (process.returncode, "Traceback" in stderr) == (Outcome.INCONCLUSIVE.exit_code, False)
    assert "rollout 1 ends with INCONCLUSIVE: aborted by " in stdout
    assert stdout.rstrip().endswith(": clients complain")
    record = place.read_record()
    assert record is not None
    assert (record.state, record.code) == (RolloutState.RESTORED, StopCode.ABORTED)
    assert record.because.startswith(f"aborted by {getpass.getuser()}@")
    assert f"rollout 1 has ended with INCONCLUSIVE: {record.because}; everything goes to stable" in done.stdout
    assert place.router.read_split().canary_percent == 0
    assert clients.wait_for_more().keys() == {bundles["v1"].digest}

    split = place.router.read_split()
    again = abort(place, "--reason", "again")
    assert (again.code, again.stdout) == (0, done.stdout)
    assert (place.read_record(), place.router.read_split()) == (record, split)
    assert place.promote(*QUICKLY).code == 0  # the next one is a rollout of its own
    late = abort(place)
    assert late.code == 1
    assert "rollout 2 is promoted; to go back: assay split set 0" in late.stderr
    assert place.router.read_split().canary_percent == 100


def test_a_promoter_that_was_killed_is_not_needed(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    assert "has no rollout: there is nothing to abort" in abort(place).stdout
    place.assign_canary("v2", predictors["v2"].url)
    with place.promoting(*HOLDING, "--steps", "50,100") as process:
        place.wait_until_observing(50, process)
    assert place.router.read_split().canary_percent == 50
    done = abort(place)
    assert done.code == 0, done.stderr
    record = place.read_record()
    assert record is not None
    assert (record.state, record.code) == (RolloutState.RESTORED, StopCode.ABORTED)
    assert clients.wait_for_more().keys() == {bundles["v1"].digest}
