"""What the revisions themselves say they answered: the third witness of a split, beside what was asked for and what the
gateway counted. It decides nothing; where it differs from the gateway's count, both are shown.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from access.caller import NO_CREDENTIALS, OwnCredentials
from promotion.evidence.evidence_source import PredictorUnreachable
from promotion.routers.request_counts import RequestCounts

TIMEOUT_SECONDS = 5.0
SPLIT_DOORS = frozenset({"/classify", "/v2/models/{model}/infer"})
_REQUESTS = "assay_requests_total"


@dataclass(frozen=True, slots=True)
class AnsweredRequests:
    """What one predictor process answered at the doors that are split, since it started."""

    revision: str
    requests: int
    failed: int
    """Answers of the 5xx class, which `requests` contain."""


@dataclass(frozen=True, slots=True)
class PredictorCounter:
    """RequestCounter over the metrics of every process of both revisions.

    Requests that come past the gateway count too. A process that starts anew counts from 0.
    """

    read_urls: Callable[[], tuple[Sequence[str], Sequence[str]]]
    """Base URLs of stable's processes, and of the canary's."""
    credentials: OwnCredentials = NO_CREDENTIALS
    """What they are shown."""

    def read_counts(self) -> RequestCounts:
        """Counts since the processes started. Raises PredictorUnreachable. Can be repeated."""
        stable_urls, canary_urls = self.read_urls()
        verify = self.credentials.verify("https:")
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=verify) as client:
            stable, canary = ([one for url in urls for one in _ask(client, url)] for urls in (stable_urls, canary_urls))
        return RequestCounts(
            stable=sum(one.requests for one in stable),
            canary=sum(one.requests for one in canary),
            failed=sum(one.failed for one in (*stable, *canary)),
        )


def read_answered(metrics: str) -> Iterator[AnsweredRequests]:
    """What a predictor's Prometheus text says of the split's doors. Raises ValueError where it is none."""
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == _REQUESTS and sample.labels.get("route") in SPLIT_DOORS:
                requests = int(sample.value)
                failed = requests if sample.labels.get("code", "").startswith("5") else 0
                yield AnsweredRequests(sample.labels.get("revision", ""), requests, failed)


def _ask(client: httpx.Client, url: str) -> list[AnsweredRequests]:
    try:
        return list(read_answered(read_metrics(client, url)))
    except ValueError as error:
        raise PredictorUnreachable(f"{url}: no metrics: {error}") from error


def read_metrics(client: httpx.Client, url: str) -> str:
    """A predictor's Prometheus text. Raises PredictorUnreachable."""
    try:
        answer = client.get(f"{url.rstrip('/')}/metrics")
        answer.raise_for_status()
        return answer.text
    except httpx.HTTPError as error:
        raise PredictorUnreachable(f"{url}: no metrics: {error or type(error).__name__}") from error
