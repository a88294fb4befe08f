"""The promotion Job as it is followed from a terminal: its lines as they come, and the verdict that it ended with."""

import json
import subprocess
import time
from typing import Any

from assay.cluster.errors import CommandFailed
from assay.cluster.release import Release
from assay.cluster.tools import ask
from promotion.gate.outcome import Outcome

POLL_SECONDS = 0.5
START_SECONDS = 180.0


def follow_promotion(release: Release) -> Outcome:
    """Show what the release's promotion Job prints until it ends; its outcome. Raises CommandFailed."""
    job = _newest(release, "jobs")
    if job is None:
        raise CommandFailed("the release has no promotion Job; promotion.enabled may be false")
    seen: set[str] = set()
    while (pod := _wait_for_next_pod(release, job["metadata"]["name"], seen)) is not None:
        seen.add(pod)
        subprocess.run(release.kubectl("logs", "--follow", pod), stdin=subprocess.DEVNULL, check=False)
        outcome = _wait_for_outcome(release, pod)
        if outcome is not Outcome.ERROR:
            return outcome
    return Outcome.ERROR


def _wait_for_next_pod(release: Release, job: str, seen: set[str]) -> str | None:
    """A pod of `job` that has begun and is not in `seen`; None when the Job has ended without another."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        has_ended = _has_ended(release, job)
        pod = _newest(release, "pods", f"job-name={job}")
        if pod is not None and pod["metadata"]["name"] not in seen and pod["status"]["phase"] != "Pending":
            return str(pod["metadata"]["name"])
        if has_ended:
            return None
        time.sleep(POLL_SECONDS)
    raise CommandFailed(f"no pod of the promotion Job {job} started within {START_SECONDS:.0f} s")


def _wait_for_outcome(release: Release, pod: str) -> Outcome:
    """By the exit code of the pod's container, which is known a moment after its last line; ERROR without one."""
    while True:
        found = ask(*release.kubectl("get", "pod", pod, "--ignore-not-found", "--output", "json"))
        status: dict[str, Any] = json.loads(found)["status"] if found else {"phase": "Failed"}
        for container in status.get("containerStatuses", []):
            if (ended := container["state"].get("terminated")) is not None:
                codes = {outcome.exit_code: outcome for outcome in Outcome}
                return codes.get(int(ended["exitCode"]), Outcome.ERROR)
        if status["phase"] in {"Failed", "Succeeded"}:
            return Outcome.ERROR
        time.sleep(POLL_SECONDS)


def _has_ended(release: Release, job: str) -> bool:
    """Whether the Job will start no other pod."""
    found = json.loads(ask(*release.kubectl("get", "job", job, "--output", "json")))
    kinds = {one["type"] for one in found["status"].get("conditions", []) if one["status"] == "True"}
    return bool(kinds & {"Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"})


def _newest(release: Release, kind: str, selector: str | None = None) -> "dict[str, dict[str, str]] | None":
    labels = selector or f"app.kubernetes.io/instance={release.name},app.kubernetes.io/component=promotion"
    found = json.loads(ask(*release.kubectl("get", kind, "--selector", labels, "--output", "json")))
    items = sorted(found["items"], key=lambda item: str(item["metadata"]["creationTimestamp"]))
    return items[-1] if items else None
