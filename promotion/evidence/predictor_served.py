"""What the revisions themselves counted and timed, for the guardrails: the metrics of every process of both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from access.caller import NO_CREDENTIALS, OwnCredentials
from promotion.errors import PromotionError
from promotion.evidence.predictor_counter import SPLIT_DOORS, TIMEOUT_SECONDS, read_metrics
from promotion.guardrails.guardrail_source import LiveMetricsMissing
from promotion.guardrails.served_requests import ServedPair, ServedTally, to_pair

REQUESTS = "assay_requests_total"
BUCKETS = "assay_request_duration_seconds_bucket"


@dataclass(frozen=True, slots=True)
class PredictorServed:
    """GuardrailSource over both revisions' own metrics. Requests that come past the gateway count, too."""

    read_urls: Callable[[], tuple[Sequence[str], Sequence[str]]]
    """Base URLs of stable's processes, and of the canary's."""
    credentials: OwnCredentials = NO_CREDENTIALS
    """What they are shown."""

    @property
    def name(self) -> str:
        """As the seam says."""
        return "revisions"

    def read_served(self) -> ServedPair:
        """As the seam says."""
        tallies = {"stable": ServedTally(), "canary": ServedTally()}
        try:
            stable_urls, canary_urls = self.read_urls()
            verify = self.credentials.verify("https:")
            with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=verify) as client:
                for role, urls in (("stable", stable_urls), ("canary", canary_urls)):
                    for url in urls:
                        add_metrics(read_metrics(client, url), tallies[role])
            return to_pair(tallies)
        except (PromotionError, ValueError) as error:
            raise LiveMetricsMissing(f"the revisions have no counts: {error}") from error


def add_metrics(metrics: str, tally: ServedTally) -> None:
    """Add a predictor's Prometheus text to `tally`. Raises ValueError where it is none."""
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.labels.get("route") not in SPLIT_DOORS:
                continue
            if sample.name == REQUESTS:
                tally.add_requests(sample.value, have_failed=sample.labels.get("code", "").startswith("5"))
            elif sample.name == BUCKETS:
                tally.add_bucket(float(sample.labels["le"]), sample.value)
