"""A deployment: one attempt to let a bundle serve, replaced, never changed.

starting ──first of the console──▶ serving ─▶ retired
   │  └──▶ rolling out ──PROMOTE──▶ adopting ──▲
   │            └──anything else──▶ withdrawing ─▶ withdrawn
   └──▶ failed
"""

import logging
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from console.documents import Documents
from console.moments import now


class DeploymentState(StrEnum):
    """What a deployment is about to do, or how it ended."""

    STARTING = "starting"
    ROLLING_OUT = "rolling_out"
    ADOPTING = "adopting"
    WITHDRAWING = "withdrawing"
    SERVING = "serving"
    """It is the stable revision."""
    RETIRED = "retired"
    """It was the stable revision, and another one is now."""
    WITHDRAWN = "withdrawn"
    """The gate, a guardrail, or somebody who aborted, sent it back."""
    FAILED = "failed"
    """Its predictor did not start."""


UNDER_WAY = frozenset(
    {DeploymentState.STARTING, DeploymentState.ROLLING_OUT, DeploymentState.ADOPTING, DeploymentState.WITHDRAWING}
)


AT_AN_END = frozenset({DeploymentState.RETIRED, DeploymentState.WITHDRAWN, DeploymentState.FAILED})


@dataclass(frozen=True, slots=True)
class RolloutOptions:
    """How traffic moves once the verdict is PROMOTE, as for `assay promote`. Margins are the gate's, not a caller's."""

    steps: tuple[int, ...] = (5, 25, 50, 100)
    minimum_requests: int = 100
    minimum_seconds: float = 3.0
    deadline_seconds: float = 120.0


USUAL = RolloutOptions()


@dataclass(frozen=True, slots=True)
class Deployment:
    """As it stands."""

    deployment_id: int
    experiment_id: int
    bundle_digest: str
    model: str
    version: int
    revision: str
    """The name that it is served under."""
    state: DeploymentState
    by: str
    asked_at: str
    """ISO 8601, UTC."""
    options: RolloutOptions = USUAL
    port: int | None = None
    """Its predictor's, on the loopback address."""
    predictor_job: int | None = None
    starts: int = 0
    """How often its predictor was started."""
    rollout_job: int | None = None
    rollout_starts: int = 0
    """How often the promoter was started: one that died is started again, and goes on."""
    rollout_before: int = 0
    """The newest rollout when it began; its own has a higher number."""
    rollout_id: int | None = None
    """None for the first deployment, which nothing is compared with, and before the promoter has begun."""
    outcome: str | None = None
    """How its rollout ended: PROMOTE, REJECT, INCONCLUSIVE, ERROR."""
    because: str = ""
    """Why it was withdrawn or failed."""
    served_at: str | None = None
    """When it became stable."""
    ended_at: str | None = None

    @property
    def url(self) -> str:
        """Where its predictor answers."""
        return f"http://127.0.0.1:{self.port}"


def ended(deployment: Deployment, state: DeploymentState, because: str) -> Deployment:
    """It, at an end, now."""
    return replace(deployment, state=state, because=because, ended_at=now())


def log_state(deployment: Deployment, log: logging.Logger) -> None:
    """A line of what it is now."""
    fields = {
        "deployment_id": deployment.deployment_id,
        "revision": deployment.revision,
        "bundle_digest": deployment.bundle_digest,
        "state": deployment.state,
        "rollout_id": deployment.rollout_id,
        "outcome": deployment.outcome,
        "because": deployment.because or None,
    }
    said = {name: value for name, value in fields.items() if value is not None}
    text = f"deployment {deployment.deployment_id} of {deployment.revision} is {deployment.state}"
    log.info(text, extra={"fields": said})


_DEPLOYMENTS = Documents(TypeAdapter(Deployment))


@dataclass(frozen=True, slots=True)
class DeploymentStore:
    """Keeps `000001.json` and so on in `directory`; nothing is ever removed."""

    directory: Path

    def look(self) -> tuple[Deployment, ...]:
        """All of them, oldest first. Raises StateNotUsable."""
        kept = (_DEPLOYMENTS.read(path) for path in sorted(self.directory.glob("*.json")))
        return tuple(one for one in kept if one is not None)

    def save(self, deployment: Deployment) -> None:
        """Let it stand. Raises StateNotUsable."""
        _DEPLOYMENTS.write(self.directory / f"{deployment.deployment_id:06d}.json", deployment)

    def serving(self) -> Deployment | None:
        """The stable one: the newest, where the one before has not been retired yet."""
        return next((one for one in reversed(self.look()) if one.state is DeploymentState.SERVING), None)

    def under_way(self) -> Deployment | None:
        """The one that is to serve, where there is one."""
        return next((one for one in self.look() if one.state in UNDER_WAY), None)
