"""What a deployment becomes of its rollout, wherever that was. Pure."""

from dataclasses import replace

from console.deployments.deployment import Deployment, DeploymentState
from promotion.gate.outcome import Outcome
from promotion.rollout.record import RolloutRecord


def own_record(newest: RolloutRecord | None, deployment: Deployment) -> RolloutRecord | None:
    """The newest rollout, where it is the deployment's own and not one of before."""
    return newest if newest is not None and newest.rollout_id > deployment.rollout_before else None


def after_rollout(deployment: Deployment, record: RolloutRecord) -> Deployment:
    """It is adopted where the finished rollout has promoted it; whatever else came of it sends it back."""
    outcome = str(record.outcome)
    if record.outcome is Outcome.PROMOTE:
        return replace(deployment, state=DeploymentState.ADOPTING, outcome=outcome)
    because = record.because or f"the verdict is {record.verdict}"
    return replace(deployment, state=DeploymentState.WITHDRAWING, outcome=outcome, because=because)


def without_result(deployment: Deployment, because: str) -> Deployment:
    """Its rollout has come to no verdict."""
    return replace(deployment, state=DeploymentState.WITHDRAWING, outcome=str(Outcome.ERROR), because=because)
