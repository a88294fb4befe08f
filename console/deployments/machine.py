"""What the keeper does on one machine: predictors, Envoy and the promoter run as jobs; roles are Envoy's."""

import socket
from dataclasses import dataclass
from pathlib import Path

import httpx

from console.bundles import Bundles
from console.deployments.deployment import Deployment
from console.errors import NotFound
from console.holdouts import Holdouts
from console.jobs import Job, JobKind, JobOrder, JobRunner, JobState
from console.rollouts import RolloutEnd
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutRecord
from promotion.routers.envoy import EnvoyRouter, RevisionEndpoint
from promotion.routers.traffic_router import RouterUnreachable

_HOST = "127.0.0.1"
_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class MachinePlace:
    """Where everything of one gateway is."""

    gateway: Path
    """Envoy's directory."""
    gateway_port: int
    rollouts: Path
    gate: Path | None


@dataclass
class Machine:
    """Acts; it keeps nothing but what the jobs and Envoy's directory say."""

    place: MachinePlace
    jobs: JobRunner
    bundles: Bundles
    holdouts: Holdouts
    abort: RolloutEnd
    spool: Path
    """Where predictions wait while the database of records is away, a folder a revision."""

    def start_predictor(self, deployment: Deployment, port: int) -> Job:
        """Start a predictor of its bundle. Raises StateNotUsable."""
        bundle = self.bundles.find(deployment.bundle_digest).path
        arguments = ("serve", "--bundle", str(bundle), "--revision", deployment.revision, "--http-port", str(port))
        order = JobOrder(
            JobKind.PREDICTOR,
            deployment.revision,
            (*arguments, "--host", _HOST, "--drain-seconds", "1"),
            stop_seconds=_STOP_SECONDS,
            environment={
                "ASSAY_RECORD": "database",
                "ASSAY_RECORD_SPOOL_DIR": str(self.spool / deployment.revision),
            },
        )
        return self.jobs.start(order)

    def start_gateway(self, stable: Deployment) -> Job:
        """Start Envoy with everything on `stable`. Raises StateNotUsable."""
        place = ("--gateway", str(self.place.gateway), "--host", _HOST, "--port", str(self.place.gateway_port))
        arguments = ("split", "run", *place, "--stable", f"{stable.revision}={stable.url}")
        return self.jobs.start(JobOrder(JobKind.GATEWAY, "gateway", arguments, stop_seconds=_STOP_SECONDS))

    def start_rollout(self, deployment: Deployment) -> Job:
        """Start the promoter, which begins a rollout of the canary, or goes on with it. Raises StateNotUsable."""
        pinned, options = self.holdouts.pinned(), deployment.options
        if pinned is None:
            raise NotFound("no holdout is pinned")
        arguments = ["promote", "--gateway", str(self.place.gateway), "--out", str(self.place.rollouts)]
        arguments += ["--holdout", str(pinned.path), "--steps", ",".join(map(str, options.steps))]
        arguments += ["--minimum-requests", str(options.minimum_requests)]
        arguments += ["--minimum-seconds", str(options.minimum_seconds)]
        arguments += ["--deadline-seconds", str(options.deadline_seconds), "--records", "database"]
        arguments += ["--config", str(self.place.gate)] if self.place.gate else []
        return self.jobs.start(JobOrder(JobKind.ROLLOUT, deployment.revision, tuple(arguments)))

    def job(self, job_id: int | None) -> Job | None:
        """A job as it stands; None where there is none of that id."""
        try:
            return self.jobs.look(job_id)[0] if job_id is not None else None
        except NotFound:
            return None

    def is_running(self, job_id: int | None) -> bool:
        """Whether a job runs."""
        job = self.job(job_id)
        return job is not None and job.state is JobState.RUNNING

    def newest(self, kind: JobKind) -> Job | None:
        """The job of that kind that was started last."""
        return next((job for job in reversed(self.jobs.look()) if job.order.kind is kind), None)

    def stop(self, job_id: int | None, by: str) -> bool:
        """Ask a job to end; whether it has."""
        if not self.is_running(job_id) or job_id is None:
            return True
        self.jobs.cancel(job_id, by)
        return False

    def is_ready(self, deployment: Deployment) -> bool:
        """Whether its predictor answers as ready, with its bundle."""
        try:
            answer = httpx.get(f"{deployment.url}/v2/health/ready", timeout=2.0, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def is_routing(self) -> bool:
        """Whether the gateway answers."""
        try:
            self.router.read_split()
        except RouterUnreachable:
            return False
        return True

    def newest_rollout(self) -> RolloutRecord | None:
        """The rollout that was begun last. Raises RolloutError."""
        return FileRolloutStore(self.place.rollouts).read_newest()

    def make_canary(self, deployment: Deployment) -> None:
        """Give it the canary's role, at 0 %. Raises RouterError. Can be repeated."""
        self.router.assign("canary", _endpoint(deployment))

    def adopt(self, deployment: Deployment) -> None:
        """Make it the stable revision, from 100 %. Raises RouterError. Can be repeated."""
        if self.router.read_revisions().canary is not None:
            self.router.adopt_canary()
        elif self.has_moved(deployment):  # a gateway that was started anew knows of no canary, and it was promoted
            self.make_stable(deployment)

    def has_moved(self, stable: Deployment) -> bool:
        """Whether the gateway has stable elsewhere than its predictor is now. Raises RouterError."""
        return self.router.read_revisions().stable != _endpoint(stable)

    def make_stable(self, deployment: Deployment) -> None:
        """Give it the role of stable. Raises RouterError. Can be repeated."""
        self.router.assign("stable", _endpoint(deployment))

    def end_rollout(self, because: str) -> None:
        """Let the newest rollout, whose promoter is gone, be one that has ended. Raises PromotionError."""
        self.abort.abort("the console", because, _STOP_SECONDS)

    def remove_canary(self) -> None:
        """Send everything to stable, and let nobody be the canary. Raises RouterError. Can be repeated."""
        if self.router.read_revisions().canary is not None:
            self.router.restore_stable()
            self.router.assign("canary", None)

    @property
    def router(self) -> EnvoyRouter:
        """Of the gateway."""
        return EnvoyRouter(self.place.gateway)


def free_port(wanted: int | None = None) -> int:
    """A port that nobody listens on now: the one that is wanted, where that is so."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, wanted or 0))
        except OSError:
            return free_port()
        port: int = probe.getsockname()[1]
        return port


def _endpoint(deployment: Deployment) -> RevisionEndpoint:
    assert deployment.port is not None  # noqa: S101  # whoever has a role was started
    return RevisionEndpoint(deployment.revision, _HOST, deployment.port)
