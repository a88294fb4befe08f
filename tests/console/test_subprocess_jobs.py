"""Jobs are processes that outlive whoever started them; their ends are told as they were."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from console.errors import NotFound
from console.jobs import Job, JobKind, JobLimits, JobOrder, JobState
from console.jobs.subprocess_jobs import SubprocessJobs
from tests.console.console_process import job_process, wait_for

WAITS = "import sys, time; print('began', file=sys.stderr, flush=True); time.sleep(600)"


def order(code: str, limits: JobLimits = JobLimits(), stop_seconds: float = 10.0) -> JobOrder:  # noqa: B008
    return JobOrder(JobKind.TRAINING, "digits", (code,), limits, stop_seconds, {"GIVEN": "with the order"})


@pytest.fixture
def jobs(tmp_path: Path) -> SubprocessJobs:
    return SubprocessJobs(tmp_path / "jobs", [sys.executable, "-c"], {"KEPT": "nowhere"})


def ended(jobs: SubprocessJobs, job_id: int) -> Job:
    return wait_for(lambda: one if (one := jobs.look(job_id)[0]).state is not JobState.RUNNING else None)


def running_process(jobs: SubprocessJobs, job_id: int) -> psutil.Process:
    """The job's own, once it has begun."""
    wait_for(lambda: jobs.look(job_id)[0].progress or None)
    return job_process(jobs.directory / f"{job_id:06d}")


def test_a_job_that_finishes_leaves_its_result_and_its_log(jobs: SubprocessJobs) -> None:
    code = "import os, sys; print(os.environ['GIVEN'], os.environ['KEPT']); print('assay: half done', file=sys.stderr)"
    started = jobs.start(order(code))
    done = ended(jobs, started.job_id)
    assert (done.state, done.exit_code, done.because, done.progress) == (JobState.FINISHED, 0, "", "half done")
    assert done.order == order(code)
    assert jobs.read_log(done.job_id, output=True).text == "with the order nowhere\n"
    log = jobs.read_log(done.job_id)
    assert (log.text, jobs.read_log(done.job_id, log.next_offset).text) == ("assay: half done\n", "")
    assert b"nowhere" not in b"".join(path.read_bytes() for path in jobs.directory.glob("*/order.json"))


def test_a_job_that_fails_says_how(jobs: SubprocessJobs) -> None:
    failed = ended(jobs, jobs.start(order("raise SystemExit(3)")).job_id)
    assert (failed.state, failed.exit_code, failed.because) == (JobState.FAILED, 3, "exit code 3")


def test_a_job_is_found_again_by_another_who_looks(jobs: SubprocessJobs) -> None:
    first, second = jobs.start(order(WAITS)), jobs.start(order("pass"))
    other = SubprocessJobs(jobs.directory, jobs.program)
    ended(other, second.job_id)
    assert [(job.job_id, job.state) for job in other.look()] == [(1, JobState.RUNNING), (2, JobState.FINISHED)]
    other.cancel(first.job_id, "ann")
    assert ended(other, first.job_id).because == "cancelled by ann"
    assert other.start(order("pass")).job_id == 3
    with pytest.raises(NotFound, match="there is no job 4"):
        other.look(4)


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


@pytest.mark.parametrize(
    ("code", "limits", "because"),
    [
        (WAITS, JobLimits(seconds=0.2), "it ran longer than its limit of 0.2 s"),
        (f"taken = bytearray(64 * 2**20); {WAITS}", JobLimits(memory_bytes=48 * 2**20), "its limit is 48 MiB"),
    ],
    ids=["time", "memory"],
)
def test_a_job_over_its_limit_is_ended(jobs: SubprocessJobs, code: str, limits: JobLimits, because: str) -> None:
    over = ended(jobs, jobs.start(order(code, limits)).job_id)
    assert over.state is JobState.FAILED
    assert because in over.because
