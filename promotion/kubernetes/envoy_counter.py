"""What Envoy Gateway's proxies counted on the split route: the only thing here that is for one gateway.

Envoy Gateway makes a cluster of every backend of a rule, called `httproute/<namespace>/<route>/rule/<i>/backend/<j>`;
the split's first backend is stable, its second the canary. Each proxy counts what it sent itself, so all addresses of
the URL's host are asked, and the sum is the gateway's.

Not counted is what had nowhere to go: for a backend without a ready endpoint the proxy answers 503 by itself, under no
cluster's name. What notices that is endpoint_watch.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from prometheus_client.parser import text_string_to_metric_families

from promotion.kubernetes.release import Release
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import RouterUnreachable

TIMEOUT_SECONDS = 5.0
SENT = "envoy_cluster_upstream_rq"  # the parser takes a counter's `_total` off
BY_CLASS = "envoy_cluster_upstream_rq_xx"
_BACKEND = re.compile(r"/rule/\d+/backend/(\d+)$")


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, each once; OSError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class EnvoyGatewayCounter:
    """RequestCounter over the proxies behind `url`, such as http://gateway-stats.gateways:19001/stats/prometheus.

    A request counts for the revision that it was sent to, when it is sent, which is what a split decides. `failed` are
    answers of the 5xx class, of a revision or for want of its answer.
    """

    url: str
    release: Release
    addresses_of: Callable[[str, int], list[str]] = field(default=resolve)

    @property
    def route(self) -> str:
        """How the proxies call the split route."""
        return f"httproute/{self.release.namespace}/{self.release.split_name}"

    def read_counts(self) -> RequestCounts:
        """Counts since the proxies started. Raises RouterUnreachable. Can be repeated."""
        texts = self.read_texts("upstream_rq_(total|[0-9]xx)")
        try:
            return sum_counts(texts, self.route)
        except ValueError as error:
            raise self._no_counts(error) from error

    def read_texts(self, pattern: str) -> list[str]:
        """The split route's statistics whose last part matches `pattern`, of each proxy. Raises RouterUnreachable."""
        url = httpx.URL(self.url)
        try:
            addresses = self.addresses_of(url.host, url.port or 80)
            with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=url.scheme == "https") as client:
                return [self._read(client, url, address, pattern) for address in addresses]
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise self._no_counts(error) from error

    def _no_counts(self, error: Exception) -> RouterUnreachable:
        return RouterUnreachable(f"{self.url}: no counts: {error or type(error).__name__}")

    def _read(self, client: httpx.Client, url: httpx.URL, address: str, pattern: str) -> str:
        only = {"filter": rf"^{re.escape(f'cluster.{self.route}/')}.*\.{pattern}$"}
        asked = url.copy_with(host=address).copy_merge_params(only)
        answer = client.get(asked, headers={"Host": url.netloc.decode()})
        answer.raise_for_status()
        return answer.text


def sum_counts(texts: list[str], route: str) -> RequestCounts:
    """The counts of `route` over several proxies' Prometheus text; ValueError where one is none."""
    sent = {0: 0, 1: 0}
    failed = 0
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                backend = find_backend(sample.labels.get("envoy_cluster_name", ""), route)
                if backend is None:
                    continue
                if family.name == SENT:
                    sent[backend] += int(sample.value)
                elif family.name == BY_CLASS and sample.labels.get("envoy_response_code_class") == "5":
                    failed += int(sample.value)
    return RequestCounts(stable=sent[0], canary=sent[1], failed=failed)


def find_backend(cluster: str, route: str) -> int | None:
    """The place of a backend of `route` by its cluster's name: 0 stable, 1 the canary; None for another's."""
    backend = _BACKEND.search(cluster)
    return int(backend[1]) if backend is not None and cluster.startswith(f"{route}/") else None
