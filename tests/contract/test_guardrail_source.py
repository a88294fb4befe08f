"""What every source of the guardrails promises: each request once, by role, with its failure and its time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path

import pytest

from promotion.evidence.predictor_served import PredictorServed
from promotion.guardrails.guardrail_source import GuardrailSource, LiveMetricsMissing
from promotion.guardrails.prometheus_source import PrometheusServed
from promotion.guardrails.served_requests import ServedPair
from promotion.kubernetes.envoy_counter import EnvoyGatewayCounter
from promotion.kubernetes.envoy_served import EnvoyGatewayServed
from promotion.kubernetes.release import Release
from promotion.routers.envoy import EnvoyServed
from tests.contract.text_door import run_door
from tests.promotion.guardrails.running_prometheus import run_prometheus
from tests.promotion.routers.machine import run_machine

DEADLINE_SECONDS = 60.0
STABLE_FAILED, CANARY_FAILED = 1, 2


@dataclass(frozen=True)
class Place:
    """A source, and how requests come to what it counts."""

    source: GuardrailSource
    answer: Callable[[str, int, int], None]
    """Let a role answer so many requests, of which so many fail."""
    leave: Callable[[], None]
    """Let nobody be there to ask."""


class Metrics:
    """Texts of Prometheus that grow as requests are answered: one whose tests need no gateway and no predictor."""

    def __init__(self, write: Callable[[str, int, int], str]) -> None:
        self._write = write
        self._counted = {"stable": (0, 0), "canary": (0, 0)}

    def answer(self, role: str, requests: int, failed: int) -> None:
        before = self._counted[role]
        self._counted[role] = (before[0] + requests, before[1] + failed)

    def text(self, roles: tuple[str, ...] = ("stable", "canary")) -> str:
        return "".join(self._write(role, *self._counted[role]) for role in roles)


def gateway_text(role: str, requests: int, failed: int) -> str:
    cluster = f'envoy_cluster_name="httproute/ns/shop-split/rule/0/backend/{["stable", "canary"].index(role)}"'
    timed = "\n".join(f'envoy_cluster_upstream_rq_time_bucket{{{cluster},le="{le}"}} {requests}' for le in (25, "+Inf"))
    return (
        "# TYPE envoy_cluster_upstream_rq_xx counter\n"
        f'envoy_cluster_upstream_rq_xx{{envoy_response_code_class="2",{cluster}}} {requests - failed}\n'
        f'envoy_cluster_upstream_rq_xx{{envoy_response_code_class="5",{cluster}}} {failed}\n'
        "# TYPE envoy_cluster_upstream_rq_time histogram\n"
        f"{timed}\n"
    )


def predictor_text(role: str, requests: int, failed: int) -> str:
    revision = f'revision="{role}-1",model="digits"'
    door = f'transport="http",route="/v2/models/{{model}}/infer",{revision}'
    timed = "\n".join(f'assay_request_duration_seconds_bucket{{{door},le="{le}"}} {requests}' for le in (0.025, "+Inf"))
    return (
        "# TYPE assay_model_info gauge\n"
        f'assay_model_info{{{revision},version="1",bundle_digest="sha256:1"}} 1\n'
        "# TYPE assay_requests_total counter\n"
        f'assay_requests_total{{{door},code="200"}} {requests - failed}\n'
        f'assay_requests_total{{{door},code="503"}} {failed}\n'
        f'assay_requests_total{{transport="http",route="/metadata",{revision},code="200"}} 999\n'
        "# TYPE assay_request_duration_seconds histogram\n"
        f"{timed}\n"
    )


@contextmanager
def gateway_of_a_cluster(_folder: Path) -> Iterator[Place]:
    metrics = Metrics(gateway_text)
    with run_door(metrics.text) as door:
        counter = EnvoyGatewayCounter(f"{door.url}/stats/prometheus", Release("shop", "ns"))
        yield Place(EnvoyGatewayServed(counter), metrics.answer, door.close)


@contextmanager
def revisions(_folder: Path) -> Iterator[Place]:
    metrics = Metrics(predictor_text)
    with (
        run_door(lambda: metrics.text(("stable",))) as stable,
        run_door(lambda: metrics.text(("canary",))) as canary,
    ):
        source = PredictorServed(lambda: ([stable.url], [canary.url]))
        yield Place(source, metrics.answer, canary.close)


@contextmanager
def gateway_of_this_machine(folder: Path) -> Iterator[Place]:
    with run_machine(folder / "gateway") as machine:

        def answer(role: str, requests: int, failed: int) -> None:
            machine.split(100 if role == "canary" else 0)
            for number in range(requests):
                path = "/v2/models/broken/infer" if number < failed else "/classify"
                machine.ask(path=path)

        yield Place(EnvoyServed(machine.directory), answer, machine.gateway.stop)


@contextmanager
def prometheus(folder: Path) -> Iterator[Place]:
    metrics = Metrics(predictor_text)
    with run_door(metrics.text) as door, run_prometheus(folder, [door.url]) as running:
        source = PrometheusServed(running.url, "stable-1", "canary-1", {"namespace": "ns"})
        yield Place(source, metrics.answer, running.kill)


@pytest.fixture(
    params=[
        gateway_of_a_cluster,
        revisions,
        pytest.param(gateway_of_this_machine, marks=pytest.mark.slow),
        pytest.param(prometheus, marks=pytest.mark.slow),
    ],
    ids=lambda place: place.__name__,
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with request.param(tmp_path) as place:
        yield place


def read_when(source: GuardrailSource, is_so: Callable[[ServedPair], bool]) -> ServedPair:
    """A reading for which it is so; somebody who collects counts has them later."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = seen = source.read_served()
            if is_so(seen):
                return seen
        except LiveMetricsMissing as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"after {DEADLINE_SECONDS} s: {last}")


def test_every_request_is_counted_once_by_role_with_its_failure_and_its_time(place: Place) -> None:
    place.answer("stable", 5, STABLE_FAILED)
    place.answer("canary", 3, CANARY_FAILED)
    seen = read_when(place.source, lambda seen: (seen.stable.timed, seen.canary.timed) == (5, 3))
    assert (seen.stable.requests, seen.stable.failed) == (5, STABLE_FAILED)
    assert (seen.canary.requests, seen.canary.failed) == (3, CANARY_FAILED)
    for served in (seen.stable, seen.canary):
        assert len(served.slow_counts) == len(served.edges_seconds) + 1
        assert list(served.edges_seconds) == sorted(served.edges_seconds)
        assert 0 < served.edges_seconds[0] < served.edges_seconds[-1] or len(served.edges_seconds) == 1
        assert served.edges_seconds[-1] < inf


def test_two_readings_are_subtracted(place: Place) -> None:
    place.answer("stable", 2, 0)
    place.answer("canary", 2, 0)
    before = read_when(place.source, lambda seen: (seen.stable.timed, seen.canary.timed) == (2, 2))
    place.answer("canary", 3, 1)
    after = read_when(place.source, lambda seen: seen.canary.timed == 5)
    assert not after.began_anew_after(before)
    since = after.since(before)
    assert (since.stable.requests, since.canary.requests, since.canary.failed) == (0, 3, 1)
    assert (since.stable.timed, since.canary.timed) == (0, 3)
    assert before.began_anew_after(after)


def test_a_source_that_is_away_is_missing_and_named_not_idle(place: Place) -> None:
    place.answer("stable", 1, 0)
    place.answer("canary", 1, 0)
    read_when(place.source, lambda seen: seen.canary.requests == 1)
    place.leave()
    with pytest.raises(LiveMetricsMissing):
        place.source.read_served()


@pytest.mark.parametrize("text", ["<html>", "envoy_cluster_upstream_rq_xx{", '{"status": "success"}', "{not json"])
def test_text_that_says_nothing_is_missing(text: str) -> None:
    with run_door(lambda: text) as door:
        made: tuple[GuardrailSource, ...] = (
            EnvoyGatewayServed(EnvoyGatewayCounter(door.url, Release("shop", "ns"))),
            PredictorServed(lambda: ([door.url], [door.url])),
            PrometheusServed(door.url, "v1", "v2"),
        )
        for source in made:
            with pytest.raises(LiveMetricsMissing, match=r"no counts|have no counts"):
                source.read_served()


def test_a_revision_that_nobody_collects_is_missing_not_idle() -> None:
    nothing = '{"status":"success","data":{"resultType":"vector","result":[]}}'
    with run_door(lambda: nothing) as door, pytest.raises(LiveMetricsMissing, match="no metrics of the revision v1"):
        PrometheusServed(door.url, "v1", "v2").read_served()
