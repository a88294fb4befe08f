"""`assay promote` by three sources at once: the gateway, the revisions, and a real Prometheus that asks these."""

from pathlib import Path

import pytest

from promotion.guardrails.findings import GuardrailState
from promotion.rollout.record import RolloutState
from tests.promotion.evidence.predictors import RunningPredictor
from tests.promotion.guardrails.running_prometheus import run_prometheus
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import Place

pytestmark = pytest.mark.slow


def test_every_source_is_asked_and_stands_in_the_record(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], tmp_path: Path
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    urls = [predictors[name].url for name in ("v1", "v2")]
    quickly = ("--minimum-requests", "100", "--minimum-seconds", "2", "--steps", "50,100")
    with run_prometheus(tmp_path, urls, scrape_milliseconds=500) as running:
        sources = ("--guardrail-sources", "gateway,revisions", "--prometheus-url", running.url)
        done = place.promote(*quickly, *sources, "--prometheus-labels", "namespace=ns")
    assert done.code == 0, done.stderr
    record = place.read_record()
    assert record is not None
    assert record.state is RolloutState.PROMOTED
    for seen in record.observations:
        asked = {one.source for one in seen.guardrails}
        assert asked == {window.source for window in seen.live} == {"gateway", "revisions", "prometheus"}
        assert GuardrailState.NO_DATA not in {one.state for one in seen.guardrails}
        assert all(window.served.canary.requests > 0 for window in seen.live)
    assert clients.failures == []
