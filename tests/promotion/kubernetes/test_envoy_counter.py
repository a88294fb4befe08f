"""What the gateway counts: the sum over its proxies, held against what the clients saw."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from promotion.kubernetes.envoy_counter import EnvoyGatewayCounter, resolve, sum_counts
from promotion.kubernetes.release import Release
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import RouterUnreachable
from tests.promotion.kubernetes.place import GATEWAY_URL, Place, wait_until
from tests.promotion.kubernetes.pod_program import FAIL
from tests.promotion.routers.machine import find_free_port

RELEASE = Release("shop", "ns")
SPLIT = 'envoy_cluster_name="httproute/ns/shop-split/rule/0/backend'
EXPOSITION = f"""\
# TYPE envoy_cluster_upstream_rq_total counter
envoy_cluster_upstream_rq_total{{{SPLIT}/0"}} 1347
envoy_cluster_upstream_rq_total{{{SPLIT}/1"}} 131
envoy_cluster_upstream_rq_total{{envoy_cluster_name="httproute/ns/shop/rule/0"}} 9999
envoy_cluster_upstream_rq_total{{envoy_cluster_name="httproute/ns2/shop-split/rule/0/backend/1"}} 9999
# TYPE envoy_cluster_upstream_rq_xx counter
envoy_cluster_upstream_rq_xx{{envoy_response_code_class="2",{SPLIT}/0"}} 1340
envoy_cluster_upstream_rq_xx{{envoy_response_code_class="5",{SPLIT}/0"}} 7
envoy_cluster_upstream_rq_xx{{envoy_response_code_class="5",{SPLIT}/1"}} 3
"""


@contextmanager
def serve(address: str, port: int, text: str) -> Iterator[int]:
    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer((address, port), Door) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_only_the_split_routes_backends_are_counted() -> None:
    counts = sum_counts([EXPOSITION], "httproute/ns/shop-split")
    assert counts == RequestCounts(stable=1347, canary=131, failed=10)


def test_a_proxy_that_has_sent_nothing_yet_counts_nothing() -> None:
    assert sum_counts(["", EXPOSITION], "httproute/ns/shop-split") == sum_counts(
        [EXPOSITION], "httproute/ns/shop-split"
    )


def test_the_counts_of_every_address_are_added_up() -> None:
    addresses = ["127.0.0.1", "127.0.0.2"]
    with serve(addresses[0], 0, EXPOSITION) as port, serve(addresses[1], port, EXPOSITION):
        url = f"http://gateway-stats.test:{port}/stats/prometheus"
        counter = EnvoyGatewayCounter(url, RELEASE, addresses_of=lambda _host, _port: addresses)
        assert counter.read_counts() == RequestCounts(stable=2694, canary=262, failed=20)


def test_a_name_is_resolved_to_each_address_once() -> None:
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]


@pytest.mark.parametrize("text", ["<html>", "envoy_cluster_upstream_rq_total{"])
def test_text_that_is_none_of_prometheus_is_named(text: str) -> None:
    with serve("127.0.0.1", 0, text) as port:
        url = f"http://127.0.0.1:{port}/stats"
        with pytest.raises(RouterUnreachable, match=f"{url}: no counts"):
            EnvoyGatewayCounter(url, RELEASE).read_counts()


@pytest.mark.parametrize("host", ["127.0.0.1", "nobody.invalid"])
def test_a_gateway_that_does_not_answer_is_unreachable_and_named(host: str) -> None:
    url = f"http://{host}:{find_free_port()}/stats/prometheus"
    with pytest.raises(RouterUnreachable, match=url):
        EnvoyGatewayCounter(url, RELEASE).read_counts()


@pytest.mark.cluster
def test_the_gateway_counts_what_the_clients_see(place: Place) -> None:
    place.split(30)
    before = place.counter.read_counts()
    with place.load() as load:
        load.wait_for_more(1000)
    counted = RequestCounts(stable=load.answered["v1"], canary=load.answered["v2"], failed=0)

    def read() -> RequestCounts:
        return place.counter.read_counts().since(before)

    wait_until(lambda: read() == counted, lambda: f"{read()} is not {counted}")
    assert load.failures == []


@pytest.mark.cluster
def test_an_answer_of_the_5xx_class_has_failed(place: Place) -> None:
    place.split(50)
    before = place.counter.read_counts()
    for _ in range(10):
        assert httpx.post(f"{GATEWAY_URL}/classify", headers={"host": place.hostname}, content=FAIL).status_code == 500
    counts = place.counter.read_counts().since(before)
    assert (counts.stable + counts.canary, counts.failed) == (10, 10)
