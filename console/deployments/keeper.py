"""Goes on with what is asked, a step at a time, and sees to it that what should serve does.

Each step looks at what is there, does one thing that can be repeated, and saves the deployment. So it does not matter
when a console is killed: the next one looks again. Predictors, Envoy and the promoter are jobs, which live on.
"""

import logging
import time
from dataclasses import dataclass, field, replace

from console.deployments.deployment import AT_AN_END, Deployment, DeploymentState, DeploymentStore, ended, log_state
from console.deployments.machine import Machine, free_port
from console.deployments.rollout_result import after_rollout, own_record, without_result
from console.jobs import Job, JobKind, JobState
from console.moments import now
from promotion.errors import PromotionError
from promotion.rollout.record import RolloutRecord

MOST_STARTS = 3
"""Of a predictor that has never been ready, and of a promoter."""
_BY = "the console"
_LONGEST_PAUSE_SECONDS = 60.0


@dataclass
class Keeper:
    """Looks at everything that is asked, when it is told to (loop.py)."""

    store: DeploymentStore
    machine: Machine
    log: logging.Logger
    _pauses: dict[str, tuple[float, float]] = field(default_factory=dict, init=False)
    """By what is started again: the pause, and when it is over."""
    _stopped: set[int] = field(default_factory=set, init=False)
    """Deployments at their ends whose predictors have ended, too."""

    def look(self) -> None:
        """One look at everything, with one step for each deployment that is not at its end."""
        serving = self.store.serving()
        for deployment in self.store.look():
            if deployment.state is DeploymentState.SERVING and serving is not None and deployment != serving:
                self._save(ended(deployment, DeploymentState.RETIRED, ""))
            elif deployment.state in AT_AN_END and deployment.deployment_id not in self._stopped:
                self._stop(deployment)
        if serving is not None:
            self._keep_serving(serving)
        under_way = self.store.under_way()
        if under_way is not None:
            after = self._advance(under_way, is_first=serving is None)
            if after != under_way:
                self._save(after)

    def _stop(self, deployment: Deployment) -> None:
        if self.machine.stop(deployment.predictor_job, _BY):
            self._stopped.add(deployment.deployment_id)

    def _advance(self, deployment: Deployment, *, is_first: bool) -> Deployment:
        match deployment.state:
            case DeploymentState.STARTING:
                return self._start(deployment, is_first=is_first)
            case DeploymentState.ROLLING_OUT:
                return self._roll_out(deployment)
            case DeploymentState.ADOPTING:
                return self._adopt(deployment)
            case _:
                return self._withdraw(deployment)

    def _start(self, deployment: Deployment, *, is_first: bool) -> Deployment:
        job = self.machine.job(deployment.predictor_job)
        if job is None or job.state is not JobState.RUNNING:
            if job is not None and deployment.starts >= MOST_STARTS:
                return ended(deployment, DeploymentState.FAILED, f"its predictor does not start: {_last_words(job)}")
            placed = replace(deployment, port=free_port(), starts=deployment.starts + 1)
            return replace(placed, predictor_job=self.machine.start_predictor(placed, placed.port or 0).job_id)
        if not self.machine.is_ready(deployment):
            return deployment
        if is_first:
            return self._begin_serving(deployment)
        newest = self.machine.newest_rollout()
        self.machine.make_canary(deployment)
        before = newest.rollout_id if newest is not None else 0
        return replace(deployment, state=DeploymentState.ROLLING_OUT, rollout_before=before)

    def _begin_serving(self, deployment: Deployment) -> Deployment:
        if self.machine.is_routing():
            return replace(deployment, state=DeploymentState.SERVING, served_at=now())
        self._start_gateway(deployment)
        return deployment

    def _roll_out(self, deployment: Deployment) -> Deployment:
        record = self._record_of(deployment)
        if record is not None and deployment.rollout_id is None:
            return replace(deployment, rollout_id=record.rollout_id)
        job = self.machine.job(deployment.rollout_job)
        if job is not None and job.state is JobState.RUNNING:
            return deployment
        if record is not None and record.is_finished:
            return after_rollout(deployment, record)
        if job is not None and deployment.rollout_starts >= MOST_STARTS:
            because = f"its rollout ended {MOST_STARTS} times without a result: {_last_words(job)}"
            return without_result(deployment, because)
        if job is not None and not self._pause_is_over("rollout"):
            return deployment
        if record is None and not self.machine.is_running(deployment.predictor_job):
            because = "its predictor ended before it could be judged"
            return without_result(deployment, because)
        if record is None:
            self.machine.make_canary(deployment)  # a gateway that was started anew knows of no canary
        started = self.machine.start_rollout(deployment)
        return replace(deployment, rollout_job=started.job_id, rollout_starts=deployment.rollout_starts + 1)

    def _record_of(self, deployment: Deployment) -> RolloutRecord | None:
        return own_record(self.machine.newest_rollout(), deployment)

    def _adopt(self, deployment: Deployment) -> Deployment:
        if not self.machine.is_running(deployment.predictor_job):
            return self._start_again(deployment)
        self.machine.adopt(deployment)
        return replace(deployment, state=DeploymentState.SERVING, served_at=now())

    def _withdraw(self, deployment: Deployment) -> Deployment:
        if not self.machine.stop(deployment.rollout_job, _BY):
            return deployment
        record = self._record_of(deployment)
        if record is not None and not record.is_finished:
            self.machine.end_rollout(deployment.because)
        self.machine.remove_canary()
        return ended(deployment, DeploymentState.WITHDRAWN, deployment.because)

    def _keep_serving(self, serving: Deployment) -> None:
        """Start again what should run and does not, such as after the machine went down."""
        if not self.machine.is_running(serving.predictor_job):
            again = self._start_again(serving)
            if again != serving:
                self._save(again)
        elif not self.machine.is_routing():
            self._start_gateway(serving)
        elif self.machine.has_moved(serving) and self.machine.is_ready(serving):
            self.machine.make_stable(serving)

    def _start_again(self, deployment: Deployment) -> Deployment:
        if not self._pause_is_over(deployment.revision):
            return deployment
        self.log.warning("the predictor of %s does not run; it is started again", deployment.revision)
        placed = replace(deployment, port=free_port(deployment.port), starts=deployment.starts + 1)
        return replace(placed, predictor_job=self.machine.start_predictor(placed, placed.port or 0).job_id)

    def _start_gateway(self, stable: Deployment) -> None:
        newest = self.machine.newest(JobKind.GATEWAY)
        is_running = newest is not None and newest.state is JobState.RUNNING
        if not is_running and self._pause_is_over("gateway"):
            self.machine.start_gateway(stable)
        elif newest is not None and not is_running:
            raise PromotionError(f"the gateway does not start: {_last_words(newest)}")

    def _pause_is_over(self, name: str) -> bool:
        """Whether `name` may be started again; each time the pause doubles, and a quiet minute makes it short again."""
        at = time.monotonic()
        pause, over = self._pauses.get(name, (0.0, 0.0))
        if at < over:
            return False
        longer = 1.0 if at > over + _LONGEST_PAUSE_SECONDS else min(_LONGEST_PAUSE_SECONDS, 2 * pause)
        self._pauses[name] = longer, at + longer
        return True

    def _save(self, deployment: Deployment) -> None:
        self.store.save(deployment)
        log_state(deployment, self.log)


def _last_words(job: Job) -> str:
    return job.progress or job.because or f"it is {job.state}"
