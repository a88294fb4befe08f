"""Ends all that runs without a console. It needs nothing but the jobs' folders, and loads nothing else."""

import time
from collections.abc import Callable
from pathlib import Path

from console.jobs.job import JobKind, JobState
from console.jobs.subprocess_jobs import SubprocessJobs
from console.state_directory import StateDirectory

_POLL_SECONDS = 0.1
_IN_THIS_ORDER = (JobKind.TRAINING, JobKind.ROLLOUT, JobKind.GATEWAY, JobKind.PREDICTOR)


def end_jobs(state: Path, report: Callable[[str], None]) -> None:
    """End trainings, promoters, the gateway and predictors, and return once they have ended.

    The next console starts again what should serve. Raises StateNotUsable, also while a console runs.
    """
    directory = StateDirectory(state.absolute())
    with directory.claim():
        jobs = SubprocessJobs(directory.path / "jobs", ())
        for kind in _IN_THIS_ORDER:
            running = [job for job in jobs.look() if job.order.kind is kind and job.state is JobState.RUNNING]
            for job in running:
                jobs.cancel(job.job_id, "assay console --down")
            for job in running:
                while jobs.look(job.job_id)[0].state is JobState.RUNNING:
                    time.sleep(_POLL_SECONDS)
                report(f"ended: {kind} {job.order.subject}")
