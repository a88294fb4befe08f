"""What the cluster's keeper does: objects of revisions, the promotion's Job, the base route. It keeps nothing itself.

Everything that it makes is applied server-side, without force, and owned by the ConfigMap with the chart's templates:
uninstalling the release removes that, and so all of it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from console.bundles import Bundles
from console.deployments.deployment import Deployment
from console.errors import NotFound
from console.holdouts import Holdouts
from console.jobs import JobLimits
from console.jobs.job_folder import Ended
from console.kubernetes.chart_templates import MANAGER, ChartTemplates
from console.kubernetes.job_end import end_of
from console.rollouts import RolloutEnd
from content_store.push import Push
from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.errors import ApiConflict, as_router_errors
from promotion.kubernetes.release import Release
from promotion.kubernetes.rollout_store import ClusterRolloutStore
from promotion.kubernetes.route_conditions import find_refusal, find_unseen
from promotion.kubernetes.router import KubernetesRouter
from promotion.rollout.record import RolloutRecord
from promotion.routers.traffic_router import RouterError

PUSH_SECONDS = 30.0
SETTLE_SECONDS = 3.0
"""What a gateway is given to go by a route that its controller has accepted, or to forget one; it takes about 0.3 s."""
ABORT_SECONDS = 30.0
_PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Service": "/api/v1/namespaces/{}/services",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "HTTPRoute": "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes",
}


@dataclass(frozen=True, slots=True)
class StartedRevision:
    """How a revision that was started stands."""

    is_available: bool
    failure: str = ""
    """Why it will not be; empty while it may."""


@dataclass
class ClusterPlace:
    """Of one release. Every call can be repeated, and raises PromotionError, StateNotUsable or ContentStoreError."""

    api: ApiServer
    release: Release
    templates: ChartTemplates
    bundles: Bundles
    holdouts: Holdouts
    store_url: str
    end: RolloutEnd
    open_router: Callable[[], KubernetesRouter]
    """Of the split, beside the base route as it is now."""

    def start(self, deployment: Deployment) -> None:
        """Have its bundle in the release's store, and its revision's objects in the cluster, without traffic."""
        self._push.bundle(self.bundles.find(deployment.bundle_digest).path)
        self.apply(deployment)

    def apply(self, deployment: Deployment) -> None:
        """Have its revision's objects as the chart's templates say now."""
        for document in self.templates.revision(deployment):
            self._apply(document)

    def look(self, deployment: Deployment) -> StartedRevision:
        """How its pods stand."""
        found = self.api.read(self._path("Deployment", f"{self.release.name}-{deployment.revision}")) or {}
        status = found.get("status", {})
        for condition in status.get("conditions", []):
            if condition["type"] == "Progressing" and condition["status"] == "False":
                return StartedRevision(is_available=False, failure=str(condition["message"]))
        return StartedRevision(is_available=bool(status.get("availableReplicas")))

    def route_to(self, stable: Deployment) -> bool:
        """Have the base route send to `stable`; whether the gateway's controller has taken that. Raises RouterError."""
        with as_router_errors():
            route = self._apply(self.templates.route(stable))
        if (refusal := find_refusal(route)) is not None:
            raise RouterError(f"HTTPRoute {self.release.name} is not accepted: {refusal}")
        return find_unseen(route) is None

    def settle(self) -> None:
        """Wait until the gateway goes by what was accepted."""
        time.sleep(SETTLE_SECONDS)

    def remove_split(self) -> None:
        """Let everything take the base route, and the split's own be gone."""
        router = self.open_router()
        router.restore_stable()
        router.remove_route()

    def start_rollout(self, stable: Deployment, canary: Deployment) -> None:
        """Make the Job that judges `canary` on the pinned holdout, and moves the traffic."""
        pinned = self.holdouts.pinned()
        if pinned is None:
            raise NotFound("no holdout is pinned")
        self._push.holdout(self.holdouts.read(pinned.digest))
        job = self._owned(self.templates.promotion(stable, canary, pinned.digest))
        try:
            self.api.create(self.release.jobs, job)
        except ApiConflict:  # it is there: an answer was lost
            return

    def read_promotion(self, canary: Deployment) -> Ended | JsonObject | None:
        """The promotion's Job while it runs, how it has ended, or None where there is none."""
        job = self.api.read(self.release.job(self._promotion(canary)))
        return (end_of(job, (), JobLimits()) or job) if job is not None else None

    def stop_promotion(self, canary: Deployment) -> bool:
        """Remove the promotion's Job; whether it and its pod are gone."""
        path = self.release.job(self._promotion(canary))
        if self.api.read(path) is None:
            return True
        self.api.delete(path, {}, propagation="Foreground")
        return False

    def newest_rollout(self) -> RolloutRecord | None:
        """The rollout that was begun last."""
        return ClusterRolloutStore(self.api, self.release).read_newest()

    def end_rollout(self, because: str) -> None:
        """Let the newest rollout, whose promoter is gone, be one that has ended, with everything on stable."""
        self.end.abort("the console", because, ABORT_SECONDS)

    def remove(self, deployment: Deployment) -> None:
        """Remove its revision's objects."""
        for document in self.templates.revision(deployment):
            self.api.delete(self._path(document["kind"], document["metadata"]["name"]), {})

    @property
    def _push(self) -> Push:
        return Push(self.store_url, PUSH_SECONDS, lambda _said: None)

    def _promotion(self, canary: Deployment) -> str:
        return f"{self.release.name}-promotion-{canary.revision}"

    def _path(self, kind: str, name: str) -> str:
        return f"{_PATHS[kind].format(self.release.namespace)}/{name}"

    def _apply(self, document: JsonObject) -> JsonObject:
        path = self._path(document["kind"], document["metadata"]["name"])
        return self.api.apply(path, self._owned(document), MANAGER)

    def _owned(self, document: JsonObject) -> JsonObject:
        return owned(self.api, self.release, document)


def owned(api: ApiServer, release: Release, document: JsonObject) -> JsonObject:
    """`document`, owned by the ConfigMap with the chart's templates. Raises NotFound, ApiUnreachable, ApiRefused."""
    name = f"{release.name}-console"
    owner = api.read(f"/api/v1/namespaces/{release.namespace}/configmaps/{name}")
    if owner is None:
        raise NotFound(f"ConfigMap {name} is not in namespace {release.namespace}; the chart makes it")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": owner["metadata"]["uid"]}
    document["metadata"]["ownerReferences"] = [reference]
    return document
