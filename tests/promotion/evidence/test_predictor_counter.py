"""What real predictors count themselves, and what is said where they cannot be asked."""

import re

import httpx
import pytest

from promotion.evidence.evidence_source import PredictorUnreachable
from promotion.evidence.predictor_counter import PredictorCounter, read_answered
from promotion.routers.request_counts import RequestCounts
from tests.promotion.evidence.door import Door
from tests.promotion.evidence.predictors import RunningPredictor, find_free_port

ROW = {"row": [0.0] * 4}
METRICS = """
# TYPE assay_requests counter
assay_requests_total{transport="http",route="/classify",revision="v1",code="200"} 7
assay_requests_total{transport="http",route="/v2/models/{model}/infer",revision="v1",code="503"} 2
assay_requests_total{transport="http",route="/metadata",revision="v1",code="200"} 40
"""


def test_each_revision_counts_what_it_answered_at_the_doors_that_are_split(
    stable: RunningPredictor, canary: RunningPredictor
) -> None:
    counter = PredictorCounter(lambda: ([stable.url], [canary.url, canary.url]))
    before = counter.read_counts()
    for predictor, requests in ((stable, 3), (canary, 2)):
        for _ in range(requests):
            httpx.post(f"{predictor.url}/classify", json=ROW, trust_env=False)
        httpx.get(f"{predictor.url}/metadata", trust_env=False)
    # the canary is asked twice, as two processes would be
    assert counter.read_counts().since(before) == RequestCounts(stable=3, canary=4, failed=0)


def test_answers_of_the_5xx_class_have_failed() -> None:
    answered = list(read_answered(METRICS))
    assert [(one.revision, one.requests, one.failed) for one in answered] == [("v1", 7, 0), ("v1", 2, 2)]


@pytest.mark.parametrize("answer", [(503, b"not now"), (200, b"{not metrics")])
def test_a_revision_without_metrics_is_named(stable: RunningPredictor, door: Door, answer: tuple[int, bytes]) -> None:
    door.always = answer
    with pytest.raises(PredictorUnreachable, match=re.escape(f"{door.url}: no metrics: ")):
        PredictorCounter(lambda: ([stable.url], [door.url])).read_counts()


def test_a_revision_that_is_gone_is_named(stable: RunningPredictor) -> None:
    gone = f"http://127.0.0.1:{find_free_port()}"
    with pytest.raises(PredictorUnreachable, match=f"{gone}: no metrics: "):
        PredictorCounter(lambda: ([stable.url], [gone])).read_counts()
