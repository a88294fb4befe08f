"""What every JobRunner promises: processes of this machine, and Jobs of a real cluster."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from console.errors import NotFound
from console.jobs import Job, JobKind, JobLimits, JobOrder, JobRunner, JobState
from console.jobs.subprocess_jobs import SubprocessJobs
from console.kubernetes.cluster_jobs import ClusterJobs
from promotion.kubernetes.release import Release
from tests.console.console_process import wait_for
from tests.promotion.kubernetes.manifests import IMAGE, JsonObject, namespace_object
from tests.promotion.kubernetes.place import apply, kubectl, require_cluster, require_image

OpenRunner = Callable[[], JobRunner]
WAITS = "import sys, time; print('began', file=sys.stderr, flush=True); time.sleep(600)"
NO_LIMITS = JobLimits()


def order(code: str, limits: JobLimits = NO_LIMITS, stop_seconds: float = 10.0) -> JobOrder:
    return JobOrder(JobKind.TRAINING, "digits", (code,), limits, stop_seconds, {"GIVEN": "with the order"})


def job_template() -> JsonObject:
    """As the chart's, but that it runs Python in the place of `assay`."""
    container = {
        "name": "job",
        "image": IMAGE,
        "command": ["sh", "-c", 'exec python -c "$@" >/dev/termination-log', "job"],
        "env": [{"name": "KEPT", "value": "nowhere"}],
    }
    pod = {"shareProcessNamespace": True, "containers": [container]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {}, "spec": {"template": {"spec": pod}}}


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    require_cluster()
    require_image(IMAGE)
    name = f"job-test-{uuid4().hex[:6]}"
    apply([namespace_object(name)])
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(params=["processes", pytest.param("cluster", marks=[pytest.mark.cluster, pytest.mark.slow])])
def open_runner(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRunner:
    """Opens the same runner again and again, as the next console would; at first it has no job."""
    if request.param == "processes":
        return lambda: SubprocessJobs(tmp_path / "jobs", [sys.executable, "-c"], {"KEPT": "nowhere"})
    release = Release(f"r{uuid4().hex[:6]}", request.getfixturevalue("namespace"))
    return lambda: ClusterJobs(tmp_path / "jobs", require_cluster(), release, job_template())


def ended(runner: JobRunner, job_id: int) -> Job:
    return wait_for(lambda: one if (one := runner.look(job_id)[0]).state is not JobState.RUNNING else None)


def test_a_job_that_finishes_leaves_its_result_and_its_log(open_runner: OpenRunner, tmp_path: Path) -> None:
    runner = open_runner()
    code = "import os, sys; print(os.environ['GIVEN'], os.environ['KEPT']); print('assay: half done', file=sys.stderr)"
    done = ended(runner, runner.start(order(code)).job_id)
    assert (done.state, done.exit_code, done.because, done.progress) == (JobState.FINISHED, 0, "", "half done")
    assert done.order == order(code)
    assert runner.read_log(done.job_id, output=True).text == "with the order nowhere\n"
    log = runner.read_log(done.job_id)
    assert (log.text, runner.read_log(done.job_id, log.next_offset).text) == ("assay: half done\n", "")
    assert b"nowhere" not in b"".join(path.read_bytes() for path in (tmp_path / "jobs").glob("*/order.json"))


def test_a_job_that_fails_says_how(open_runner: OpenRunner) -> None:
    runner = open_runner()
    failed = ended(runner, runner.start(order("raise SystemExit(3)")).job_id)
    assert (failed.state, failed.exit_code, failed.because) == (JobState.FAILED, 3, "exit code 3")


def test_a_job_is_found_again_by_another_who_looks(open_runner: OpenRunner) -> None:
    one = open_runner()
    first, second = one.start(order(WAITS)), one.start(order("pass"))
    other = open_runner()
    ended(other, second.job_id)
    wait_for(lambda: other.look(first.job_id)[0].progress == "began")
    assert other.read_log(first.job_id).text == "began\n"
    assert [(job.job_id, job.state) for job in other.look()] == [(1, JobState.RUNNING), (2, JobState.FINISHED)]
    other.cancel(first.job_id, "ann")
    cancelled = ended(other, first.job_id)
    assert (cancelled.state, cancelled.because) == (JobState.CANCELLED, "cancelled by ann")
    assert other.cancel(first.job_id, "bob") == cancelled
    assert (other.look(first.job_id)[0], other.read_log(first.job_id).text) == (cancelled, "began\n")
    assert other.start(order("pass")).job_id == 3
    with pytest.raises(NotFound, match="there is no job 4"):
        other.look(4)


@pytest.mark.parametrize(
    ("code", "limits", "because"),
    [
        (WAITS, JobLimits(seconds=0.2), "it ran longer than its limit of 0.2 s"),
        (f"taken = bytearray(64 * 2**20); {WAITS}", JobLimits(memory_bytes=48 * 2**20), "its limit is 48 MiB"),
    ],
    ids=["time", "memory"],
)
def test_a_job_over_its_limit_is_ended(open_runner: OpenRunner, code: str, limits: JobLimits, because: str) -> None:
    runner = open_runner()
    over = ended(runner, runner.start(order(code, limits)).job_id)
    assert over.state is JobState.FAILED
    assert because in over.because
