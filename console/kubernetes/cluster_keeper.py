"""Goes on with what is asked, a step at a time, in a cluster; what serves, Kubernetes keeps up by itself.

As on one machine (console/deployments/keeper.py) each step looks at what is there, does one thing that can be repeated,
and saves the deployment. A revision gets traffic by the promotion's Job alone, but for the first, which is compared
with nothing.
"""

import logging
from dataclasses import dataclass, field, replace

from console.deployments.deployment import AT_AN_END, Deployment, DeploymentState, DeploymentStore, ended, log_state
from console.deployments.rollout_result import after_rollout, own_record, without_result
from console.jobs.job_folder import Ended
from console.kubernetes.cluster_place import ClusterPlace
from console.moments import now
from promotion.kubernetes.errors import ApiConflict
from promotion.rollout.record import RolloutRecord
from promotion.routers.traffic_router import SplitConflict


@dataclass
class ClusterKeeper:
    """Looks at everything that is asked, when it is told to (loop.py)."""

    store: DeploymentStore
    place: ClusterPlace
    log: logging.Logger
    _removed: set[int] = field(default_factory=set, init=False)
    """Deployments at their ends whose objects are gone, too."""
    _applied: int | None = field(default=None, init=False)
    """The one that serves, once it is as the chart's templates say."""

    def look(self) -> None:
        """One look at everything, with one step for each deployment that is not at its end."""
        serving, under_way = self.store.serving(), self.store.under_way()
        for deployment in self.store.look():
            if deployment.state is DeploymentState.SERVING and deployment != serving:
                self._save(ended(deployment, DeploymentState.RETIRED, ""))
            elif deployment.state in AT_AN_END and deployment.deployment_id not in self._removed:
                self.place.remove(deployment)
                self._removed.add(deployment.deployment_id)
        if serving is not None and under_way is None and self._applied != serving.deployment_id:
            self._apply(serving)
        if under_way is not None:
            after = self._advance(under_way, serving)
            if after != under_way:
                self._save(after)

    def _apply(self, serving: Deployment) -> None:
        """Have what serves as the chart's templates say now: an upgrade of the chart has started this console anew."""
        try:
            self.place.apply(serving)
            self.place.route_to(serving)
        except (ApiConflict, SplitConflict) as error:  # somebody's own change, such as of the replicas, stays
            self.log.warning("%s is left as it is: %s", serving.revision, error)
        self._applied = serving.deployment_id

    def _advance(self, deployment: Deployment, stable: Deployment | None) -> Deployment:
        match deployment.state:
            case DeploymentState.STARTING:
                return self._start(deployment, stable)
            case DeploymentState.ROLLING_OUT if stable is not None:
                return self._roll_out(deployment, stable)
            case DeploymentState.ADOPTING:
                return self._adopt(deployment)
            case _:
                return self._withdraw(deployment)

    def _start(self, deployment: Deployment, stable: Deployment | None) -> Deployment:
        if deployment.starts == 0:
            self.place.start(deployment)
            return replace(deployment, starts=1)
        started = self.place.look(deployment)
        if started.failure:
            return ended(deployment, DeploymentState.FAILED, f"its predictor does not start: {started.failure}")
        if not started.is_available:
            return deployment
        if stable is None:
            return self._begin_serving(deployment)
        newest = self.place.newest_rollout()
        before = newest.rollout_id if newest is not None else 0
        return replace(deployment, state=DeploymentState.ROLLING_OUT, rollout_before=before)

    def _begin_serving(self, deployment: Deployment) -> Deployment:
        if not self.place.route_to(deployment):
            return deployment
        self.place.settle()
        return self._serving(deployment)

    def _roll_out(self, deployment: Deployment, stable: Deployment) -> Deployment:
        record = self._record_of(deployment)
        if record is not None and deployment.rollout_id is None:
            return replace(deployment, rollout_id=record.rollout_id)
        promotion = self.place.read_promotion(deployment)
        if promotion is not None and not isinstance(promotion, Ended):
            return deployment
        if record is not None and record.is_finished:
            return after_rollout(deployment, record)
        if isinstance(promotion, Ended):
            return without_result(deployment, f"its promotion ended without a result: {promotion.because}")
        self.place.start_rollout(stable, deployment)
        return replace(deployment, rollout_starts=deployment.rollout_starts + 1)

    def _record_of(self, deployment: Deployment) -> RolloutRecord | None:
        return own_record(self.place.newest_rollout(), deployment)

    def _adopt(self, deployment: Deployment) -> Deployment:
        """The base route moves first, then the split goes, and only then what served before: no request fails."""
        if not self.place.route_to(deployment):
            return deployment
        self.place.settle()
        self.place.remove_split()
        self.place.settle()
        return self._serving(deployment)

    def _serving(self, deployment: Deployment) -> Deployment:
        self._applied = deployment.deployment_id
        return replace(deployment, state=DeploymentState.SERVING, served_at=now())

    def _withdraw(self, deployment: Deployment) -> Deployment:
        if not self.place.stop_promotion(deployment):
            return deployment
        record = self._record_of(deployment)
        if record is not None and not record.is_finished:
            self.place.end_rollout(deployment.because)
        self.place.remove_split()
        self.place.settle()
        return ended(deployment, DeploymentState.WITHDRAWN, deployment.because)

    def _save(self, deployment: Deployment) -> None:
        self.store.save(deployment)
        log_state(deployment, self.log)
