"""Doors of jobs."""

from typing import Annotated

from fastapi import APIRouter, Query

from console.errors import Refused
from console.http.bodies import NOBODY, ByHeader, JobLogAnswer
from console.http.error_answers import errors_of
from console.jobs import Job, JobKind, JobState
from console.services import Services


def job_doors(services: Services) -> APIRouter:
    """Jobs, their logs, and how one is ended."""
    router = APIRouter(prefix="/jobs", tags=["jobs"])

    @router.get("")
    def list_jobs() -> list[Job]:
        """All jobs, oldest first."""
        return list(services.jobs.look())

    @router.get("/{job_id}", responses=errors_of(404))
    def find_job(job_id: int) -> Job:
        """One job."""
        return services.jobs.look(job_id)[0]

    @router.get("/{job_id}/log", responses=errors_of(404))
    def read_log(job_id: int, offset: Annotated[int, Query(ge=0, description="in bytes")] = 0) -> JobLogAnswer:
        """What it has logged from `offset` on; ask again from `next_offset`."""
        state = services.jobs.look(job_id)[0].state
        log = services.jobs.read_log(job_id, offset)
        has_ended = state is not JobState.RUNNING and not log.text
        return JobLogAnswer(text=log.text, next_offset=log.next_offset, has_ended=has_ended)

    @router.post("/{job_id}/cancel", status_code=202, responses=errors_of(404, 422))
    def cancel_job(job_id: int, by: ByHeader = NOBODY) -> Job:
        """Ask a training to end. What serves, or moves traffic, is not ended here: abort its rollout instead."""
        kind = services.jobs.look(job_id)[0].order.kind
        if kind is not JobKind.TRAINING:
            raise Refused(
                f"job {job_id} is a {kind}; only a training is cancelled. POST /rollouts/ID/abort ends a rollout"
            )
        return services.jobs.cancel(job_id, by)

    return router
