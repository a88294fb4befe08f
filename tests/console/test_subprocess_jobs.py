"""Jobs as processes, beyond what every JobRunner promises (tests/contract): which processes end, and who sees it."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from console.jobs import Job, JobKind, JobOrder, JobState
from console.jobs.subprocess_jobs import SubprocessJobs
from tests.console.console_process import job_process, wait_for

WAITS = "import sys, time; print('began', file=sys.stderr, flush=True); time.sleep(600)"


def order(code: str, stop_seconds: float = 10.0) -> JobOrder:
    return JobOrder(JobKind.TRAINING, "digits", (code,), stop_seconds=stop_seconds)


@pytest.fixture
def jobs(tmp_path: Path) -> SubprocessJobs:
    return SubprocessJobs(tmp_path / "jobs", [sys.executable, "-c"])


def ended(jobs: SubprocessJobs, job_id: int) -> Job:
    return wait_for(lambda: one if (one := jobs.look(job_id)[0]).state is not JobState.RUNNING else None)


def running_process(jobs: SubprocessJobs, job_id: int) -> psutil.Process:
    """The job's own, once it has begun."""
    wait_for(lambda: jobs.look(job_id)[0].progress or None)
    return job_process(jobs.directory / f"{job_id:06d}")


def test_a_cancelled_job_ends_with_all_its_processes(jobs: SubprocessJobs) -> None:
    code = f"import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); p = {WAITS!r}; "
    code += "subprocess.Popen([sys.executable, '-c', p]); exec(p)"
    job = jobs.start(order(code, stop_seconds=0.5))
    process = running_process(jobs, job.job_id)
    wait_for(lambda: process.children() or None)
    everyone = [process, *process.children(recursive=True)]
    jobs.cancel(job.job_id, "ann")
    cancelled = ended(jobs, job.job_id)
    assert (cancelled.state, cancelled.exit_code) == (JobState.CANCELLED, None)
    wait_for(lambda: True if not psutil.wait_procs(everyone, timeout=0)[1] else None)
    assert jobs.cancel(job.job_id, "bob").because == "cancelled by ann"


def test_a_job_that_is_killed_is_told_from_one_whose_end_nobody_saw(jobs: SubprocessJobs) -> None:
    seen, unseen = jobs.start(order(WAITS)), jobs.start(order(WAITS))
    os.kill(running_process(jobs, seen.job_id).pid, signal.SIGKILL)
    killed = ended(jobs, seen.job_id)
    assert (killed.state, killed.because) == (JobState.FAILED, "it was killed by SIGKILL")
    process = running_process(jobs, unseen.job_id)
    supervisor = process.parent()
    assert supervisor is not None
    supervisor.kill()
    assert ended(jobs, unseen.job_id).state is JobState.DIED
    process.wait(60)  # it does not go on unwatched
