"""The split as it was asked for, and as it was observed: by the gateway's proxies, and by the revisions themselves."""

import json
from dataclasses import dataclass

from assay.cluster.kind import GATEWAY_NAMESPACE
from assay.cluster.release import Release
from assay.cluster.tools import ask
from promotion.evidence.predictor_counter import read_answered
from promotion.kubernetes.envoy_counter import sum_counts
from promotion.routers.request_counts import RequestCounts

PROXY_LABELS = "app.kubernetes.io/managed-by=envoy-gateway,app.kubernetes.io/component=proxy"
STATS_PORT = 19001
PREDICTOR_PORT = 8000


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is known of a release's traffic now."""

    asked: dict[str, int]
    """Weight of each Service on the split route, stable's first; empty where there is no split route."""
    gateway: RequestCounts
    """What the proxies sent by the split route, since they started."""
    revisions: dict[str, int]
    """Inference requests that each revision answered, since its pods started."""


def read_traffic(release: Release) -> Traffic:
    """Ask the API server, the proxies and the predictors. Raises CommandFailed."""
    stats = [
        _read_pod(release, GATEWAY_NAMESPACE, pod, STATS_PORT, "stats/prometheus")
        for pod in _pods(release, GATEWAY_NAMESPACE, PROXY_LABELS)
    ]
    return Traffic(
        asked=_read_asked(release),
        gateway=sum_counts(stats, f"httproute/{release.namespace}/{release.split_route}"),
        revisions=_count_revisions(release),
    )


def _read_asked(release: Release) -> dict[str, int]:
    arguments = ("get", "httproute", release.split_route, "--ignore-not-found", "--output", "json")
    found = ask(*release.kubectl(*arguments))
    if not found.strip():
        return {}
    return {backend["name"]: backend["weight"] for backend in json.loads(found)["spec"]["rules"][0]["backendRefs"]}


def _count_revisions(release: Release) -> dict[str, int]:
    counted: dict[str, int] = {}
    labels = f"app.kubernetes.io/instance={release.name},app.kubernetes.io/component=predictor"
    for pod in _pods(release, release.namespace, labels):
        text = _read_pod(release, release.namespace, pod, PREDICTOR_PORT, "metrics")
        for answered in read_answered(text):
            counted[answered.revision] = counted.get(answered.revision, 0) + answered.requests
    return counted


def _pods(release: Release, namespace: str, labels: str) -> list[str]:
    place = ["--namespace", namespace, "--field-selector", "status.phase=Running", "--selector", labels]
    found = ask("kubectl", "--context", release.context, "get", "pods", *place, "--output", "json")
    return [str(item["metadata"]["name"]) for item in json.loads(found)["items"]]


def _read_pod(release: Release, namespace: str, pod: str, port: int, path: str) -> str:
    url = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/{path}"
    return ask("kubectl", "--context", release.context, "get", "--raw", url)
