"""What a Prometheus collected of both revisions' own metrics, for the guardrails.

It is asked for the counters as they stand, by an instant query, and not for a rate: counts stay whole numbers, and what
is bounded by them is not an extrapolation. Counts are as old as the newest scrape.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import orjson

from promotion.guardrails.guardrail_source import LiveMetricsMissing
from promotion.guardrails.served_requests import ServedPair, ServedTally, to_pair

TIMEOUT_SECONDS = 5.0
ANSWER_LIMIT_BYTES = 4 * 2**20
DOORS = r"/classify|/v2/models/\{model\}/infer"


@dataclass(frozen=True, slots=True)
class PrometheusServed:
    """GuardrailSource over a Prometheus at `url`, such as http://prometheus.monitoring:9090."""

    url: str
    stable: str
    """The revisions by their names, as their metrics have them in the label `revision`."""
    canary: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels by which the release's series are told from others, such as its namespace."""

    @property
    def name(self) -> str:
        """As the seam says."""
        return "prometheus"

    def read_served(self) -> ServedPair:
        """As the seam says. A revision whose metrics nobody collects is missing, not idle."""
        tallies = {self.stable: ServedTally(), self.canary: ServedTally()}
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
                known = self._query(client, f"count by (revision) (assay_model_info{self._selector()})")
                for labels, value in self._query(client, self._sum("code", "assay_requests_total")):
                    failed = labels.get("code", "").startswith("5")
                    tallies[labels["revision"]].add_requests(value, have_failed=failed)
                for labels, value in self._query(client, self._sum("le", "assay_request_duration_seconds_bucket")):
                    tallies[labels["revision"]].add_bucket(float(labels["le"]), value)
            if missing := tallies.keys() - {labels["revision"] for labels, _ in known}:
                raise LiveMetricsMissing(f"{self.url}: no metrics of the revision {' or '.join(sorted(missing))}")
            return to_pair({"stable": tallies[self.stable], "canary": tallies[self.canary]})
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError) as error:
            raise LiveMetricsMissing(f"{self.url}: no counts: {error or type(error).__name__}") from error

    def _sum(self, label: str, metric: str) -> str:
        return f"sum by (revision, {label}) ({metric}{self._selector(route=DOORS)})"

    def _selector(self, **patterns: str) -> str:
        patterns["revision"] = "|".join(re.escape(name) for name in (self.stable, self.canary))
        matchers = [f"{name}={_quoted(value)}" for name, value in self.labels.items()]
        matchers += [f"{name}=~{_quoted(pattern)}" for name, pattern in patterns.items()]
        return f"{{{','.join(matchers)}}}"

    def _query(self, client: httpx.Client, query: str) -> list[tuple[dict[str, str], float]]:
        with client.stream("POST", f"{self.url.rstrip('/')}/api/v1/query", data={"query": query}) as answer:
            answer.raise_for_status()
            content = b""
            for part in answer.iter_bytes():
                content += part
                if len(content) > ANSWER_LIMIT_BYTES:
                    raise ValueError(f"the answer is longer than {ANSWER_LIMIT_BYTES} bytes")
        found = orjson.loads(content)["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]


def _quoted(value: str) -> str:
    """A string of PromQL."""
    return orjson.dumps(value).decode()
