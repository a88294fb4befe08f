"""`assay rollout` beside a real promoter: what it shows while traffic moves."""

import orjson
import pytest

from promotion.rollout.record import RolloutState
from tests.promotion.evidence.predictors import RunningPredictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import HOLDING, Place, run_assay, wait_until

pytestmark = pytest.mark.slow


def test_a_step_under_way_is_shown_with_what_gateway_and_revisions_count(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor]
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    where = ["--gateway", str(place.gateway), "--out", str(place.out)]
    with place.promoting(*HOLDING, "--steps", "50,100") as process:
        wait_until(lambda: place.read_record() is not None, process)
        assert run_assay("rollout", "status", *where).code == 20
        place.wait_until_observing(50, process)
        clients.wait_for_more()
        done = run_assay("rollout", "status", "--json", *where)
        assert done.code == 20, done.stderr
        status = orjson.loads(done.stdout)
        assert status["rollout"]["state"] == RolloutState.OBSERVING
        assert status["under_way"]["asked_percent"] == 50
        assert status["under_way"]["counts"]["canary"] > 0
        assert status["under_way"]["answered"]["canary"] > 0
        assert status["numbers"]["n"] == 400
        assert 0 < status["time"]["seconds_at_most"] < 120
        shown = run_assay("rollout", "status", *where).stdout
        assert "1, now  50 %" in shown
    place.router.restore_stable()
