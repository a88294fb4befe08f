"""Doors of deployments and of the rollouts that they begin."""

from fastapi import APIRouter, Response

from console.deployments import Deployment, RolloutOptions
from console.http.bodies import NOBODY, USUAL_ABORT, USUAL_DEPLOYMENT, AbortBody, ByHeader, DeploymentBody
from console.http.error_answers import errors_of
from console.services import Services
from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import RolloutRecord
from promotion.rollout.status import RolloutStatus


def deployment_doors(services: Services) -> APIRouter:
    """POST /deploy/{experiment_id}, and what came of it."""
    router = APIRouter(tags=["deployments"])

    @router.post(
        "/deploy/{experiment_id}",
        status_code=202,
        responses={200: {"model": Deployment, "description": "asked before"}, **errors_of(400, 404, 409, 422)},
    )
    def deploy(
        experiment_id: int, response: Response, body: DeploymentBody = USUAL_DEPLOYMENT, by: ByHeader = NOBODY
    ) -> Deployment:
        """Let an experiment's bundle serve: the first one at once, each later one only through a gated rollout."""
        options = RolloutOptions(body.steps, body.minimum_requests, body.minimum_seconds, body.deadline_seconds)
        deployment, is_new = services.deployments.deploy(experiment_id, by, options)
        if not is_new:
            response.status_code = 200
        return deployment

    @router.get("/deployments")
    def list_deployments() -> list[Deployment]:
        """All deployments, oldest first; the one that is `serving` is the stable revision."""
        return list(services.deployments.look())

    @router.get("/deployments/{deployment_id}", responses=errors_of(404))
    def find_deployment(deployment_id: int) -> Deployment:
        """One deployment."""
        return services.deployments.find(deployment_id)

    @router.get("/rollouts")
    def list_rollouts() -> list[RolloutRecord]:
        """All rollouts, oldest first."""
        return list(services.rollouts.look())

    @router.get("/rollouts/{rollout_id}", responses=errors_of(404))
    def find_rollout(rollout_id: int) -> RolloutStatus:
        """How a rollout stands: its record, the verdict's numbers, the step under way."""
        return services.rollouts.find(rollout_id)

    @router.get("/rollouts/{rollout_id}/evidence", responses=errors_of(404))
    def find_evidence(rollout_id: int) -> EvidenceRecord | None:
        """What its verdict rests on, row by row; null before there is a verdict."""
        return services.rollouts.evidence(rollout_id)

    @router.post("/rollouts/{rollout_id}/abort", responses=errors_of(404, 503, 504))
    def abort(rollout_id: int, body: AbortBody = USUAL_ABORT, by: ByHeader = NOBODY) -> RolloutStatus:
        """Send everything to stable at once, and end the rollout; one that has ended is left as it is."""
        return services.rollouts.abort(rollout_id, by, body.reason)

    return router
