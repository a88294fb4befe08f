"""The runner on a real gateway, where answers take long: requests of one split are answered during the next."""

from pathlib import Path

import pytest

from promotion.clock import SystemClock
from promotion.rollout.discard_store import DiscardRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutState
from promotion.rollout.runner import RolloutRunner
from promotion.routers.envoy import EnvoyProcess, EnvoyRequestCounter
from tests.promotion.rollout.surroundings import Faults, Revisions, judge_by, new_record
from tests.promotion.routers.client_load import ClientLoad
from tests.promotion.routers.machine import find_free_port, run_server


@pytest.mark.slow
@pytest.mark.parametrize(
    ("delay_seconds", "settle_seconds"),
    [(0.1, 0.5), (0.5, 0.0)],
    ids=["answers that settle", "answers slower than it is waited for"],
)
def test_slow_answers_to_the_split_before_do_not_end_the_last_step(
    tmp_path: Path, delay_seconds: float, settle_seconds: float
) -> None:
    plan = RolloutPlan(
        steps=(50, 100), minimum_requests=10, minimum_seconds=0.2, settle_seconds=settle_seconds, pause_seconds=0.3
    )
    source = Revisions(Faults())
    with (
        run_server("v1", delay_seconds) as stable,
        run_server("v2", delay_seconds) as canary,
        EnvoyProcess.start(tmp_path / "gateway", stable.endpoint, port=find_free_port()) as gateway,
        ClientLoad(gateway.url) as load,
    ):
        gateway.router.assign("canary", canary.endpoint)
        record = RolloutRunner(
            gateway.router,
            EnvoyRequestCounter(tmp_path / "gateway"),
            source,
            judge_by(source),
            DiscardRolloutStore(),
            SystemClock(),
            lambda _record: None,
        ).run(new_record(plan))
    assert record.state is RolloutState.PROMOTED, record.because
    assert record.observations[-1].counts.stable == 0
    assert load.failures == []
    failed = [event.text for event in record.history if "failed" in event.text]
    assert (failed == []) == (settle_seconds > 0), failed
