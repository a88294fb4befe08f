"""Asks for deployments, one at a time, and looks at them. What is asked, the keeper does."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from console.bundles import Bundles
from console.deployments.deployment import USUAL, Deployment, DeploymentState, DeploymentStore, RolloutOptions
from console.errors import Conflict, NotFound, Refused
from console.experiments import Experiment, Experiments
from console.moments import now
from promotion.rollout.record import RolloutPlan


@dataclass
class Deployments:
    """The deployments of one gateway."""

    store: DeploymentStore
    experiments: Experiments
    bundles: Bundles
    gateway_url: str
    """Where clients ask."""
    wake: Callable[[], None] = lambda: None
    """Tells the keeper that there is something to do."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def look(self) -> tuple[Deployment, ...]:
        """All of them, oldest first."""
        return self.store.look()

    def find(self, deployment_id: int) -> Deployment:
        """One of them. Raises NotFound."""
        found = next((one for one in self.look() if one.deployment_id == deployment_id), None)
        if found is None:
            raise NotFound(f"there is no deployment {deployment_id}")
        return found

    def serving(self) -> Deployment | None:
        """The stable one; None before the first."""
        return self.store.serving()

    def deploy(self, experiment_id: int, by: str, options: RolloutOptions = USUAL) -> tuple[Deployment, bool]:
        """Ask that what an experiment made shall serve, and whether that was not asked before. Can be repeated.

        The first one serves as soon as it is ready, since there is nothing to compare it with; every later one only
        once a rollout has promoted it. Raises NotFound; Refused for an experiment that has not finished, another model
        than serves, or options that cannot be; Conflict while another deployment is under way.
        """
        experiment = self.experiments.find(experiment_id)
        digest = self._require_bundle(experiment)
        _require_plan(options)
        with self._lock:
            serving, under_way = self.store.serving(), self.store.under_way()
            for one in (under_way, serving):
                if one is not None and one.bundle_digest == digest:
                    return one, False
            if under_way is not None:
                said = f"deployment {under_way.deployment_id} of experiment {under_way.experiment_id}"
                raise Conflict(f"{said} is {under_way.state}; one at a time: wait for its end, or abort its rollout")
            if serving is not None and serving.model != experiment.model:
                raise Refused(f"{serving.model} serves here, and experiment {experiment_id} is of {experiment.model}")
            deployment = self._new(experiment, digest, by, options)
            self.store.save(deployment)
        self.wake()
        return deployment, True

    def _require_bundle(self, experiment: Experiment) -> str:
        if experiment.bundle_digest is None:
            raise Refused(f"experiment {experiment.experiment_id} is {experiment.state}: it has no bundle to deploy")
        return self.bundles.find(experiment.bundle_digest).digest

    def _new(self, experiment: Experiment, digest: str, by: str, options: RolloutOptions) -> Deployment:
        number = max((one.deployment_id for one in self.look()), default=0) + 1
        return Deployment(
            deployment_id=number,
            experiment_id=experiment.experiment_id,
            bundle_digest=digest,
            model=experiment.model,
            version=experiment.version,
            revision=f"v{number}",
            state=DeploymentState.STARTING,
            by=by,
            asked_at=now(),
            options=options,
        )


def _require_plan(options: RolloutOptions) -> None:
    try:
        RolloutPlan(
            steps=options.steps,
            minimum_requests=options.minimum_requests,
            minimum_seconds=options.minimum_seconds,
            deadline_seconds=options.deadline_seconds,
        )
    except ValueError as error:
        raise Refused(str(error)) from error
