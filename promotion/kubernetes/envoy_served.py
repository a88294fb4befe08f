"""What Envoy Gateway's proxies counted and timed on the split route, for the guardrails; see envoy_counter.py."""

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from promotion.guardrails.guardrail_source import LiveMetricsMissing
from promotion.guardrails.served_requests import ServedPair, ServedTally, to_pair
from promotion.kubernetes.envoy_counter import EnvoyGatewayCounter, find_backend
from promotion.routers.traffic_router import RouterUnreachable

ROLES = {0: "stable", 1: "canary"}
_TIMED = "envoy_cluster_upstream_rq_time_bucket"
_BY_CLASS = "envoy_cluster_upstream_rq_xx"


@dataclass(frozen=True, slots=True)
class EnvoyGatewayServed:
    """GuardrailSource over the proxies that `counter` asks; times are a revision's, in milliseconds at the proxy.

    The proxies collect their histograms every five seconds, so these are as much later than the counts.
    """

    counter: EnvoyGatewayCounter

    @property
    def name(self) -> str:
        """As the seam says."""
        return "gateway"

    def read_served(self) -> ServedPair:
        """As the seam says."""
        try:
            texts = self.counter.read_texts(r"upstream_rq_([0-9]xx|time)")
            return sum_served(texts, self.counter.route)
        except RouterUnreachable as error:
            raise LiveMetricsMissing(str(error)) from error
        except ValueError as error:
            raise LiveMetricsMissing(f"{self.counter.url}: no counts: {error}") from error


def sum_served(texts: list[str], route: str) -> ServedPair:
    """What the proxies counted of `route`; ValueError where a text is none of Prometheus."""
    tallies = {"stable": ServedTally(), "canary": ServedTally()}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if (backend := find_backend(sample.labels.get("envoy_cluster_name", ""), route)) in ROLES:
                    _add(sample, tallies[ROLES[backend]])
    return to_pair(tallies)


def _add(sample: Sample, tally: ServedTally) -> None:
    if sample.name == _TIMED:
        tally.add_bucket(float(sample.labels["le"]) / 1000, sample.value)
    elif sample.name.removesuffix("_total") == _BY_CLASS:
        tally.add_requests(sample.value, have_failed=sample.labels.get("envoy_response_code_class") == "5")
