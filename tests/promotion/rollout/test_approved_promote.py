"""`assay promote` that pauses and waits for an approval, on a real gateway."""

import pytest

from promotion.rollout.record import RolloutState
from tests.promotion.evidence.predictors import RunningPredictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import QUICKLY, Place, run_assay, wait_until

pytestmark = pytest.mark.slow


def test_a_step_is_taken_once_it_is_approved(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor]
) -> None:
    def is_awaiting() -> bool:
        record = place.read_record()
        return record is not None and record.state is RolloutState.AWAITING

    place.assign_canary("v2", predictors["v2"].url)
    waits = ("--steps", "50,100", "--pauses", "50=0.2,100=0.2", "--approvals", "100", "--rollout-seconds", "60")
    with place.promoting(*QUICKLY, *waits) as process:
        wait_until(is_awaiting, process)
        shown = run_assay("rollout", "status", "--out", str(place.out), "--gateway", str(place.gateway))
        assert "awaiting, step 2 of 2: 50 % to the canary" in shown.stdout
        assert "without an approval of 100 % (assay rollout approve); goes back in 3" in shown.stdout
        assert "s left of the whole rollout" in shown.stdout
        assert place.router.read_split().canary_percent == 50
        done = run_assay("rollout", "approve", "--out", str(place.out), "--reason", "looks well")
        assert (done.code, done.stdout) == (0, "rollout 1: 100 % is approved\n")
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert stdout.count("PROMOTE: ") == 1
    assert "paused for 0.2 s before 50 %" in stdout
    assert ": looks well" in stdout
    late = run_assay("rollout", "approve", "--out", str(place.out))
    assert (late.code, late.stderr) == (1, "assay: rollout 1 is promoted: it waits for no approval\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--approvals", "7"], "approvals before (7,): expected some of the steps"),
        (["--approvals", "x"], "'x': expected percentages such as 5,25,100"),
        (["--pauses", "50"], "'50': expected such as 50=600"),
        (["--pauses", "7=60"], "pauses before (7,): expected some of the steps"),
    ],
)
def test_waits_of_no_sense_are_wrong_usage(place: Place, options: list[str], message: str) -> None:
    done = place.promote(*options)
    assert done.code == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
