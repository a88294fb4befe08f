"""The promotion Job as it is followed from a terminal: its lines as they come, and the verdict that it ended with."""

import json
import subprocess
import time

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
    selector = f"job-name={job['metadata']['name']}"
    seen: set[str] = set()
    while True:
        pod = _wait_for_pod(release, selector, seen)
        seen.add(pod)
        subprocess.run(release.kubectl("logs", "--follow", pod), stdin=subprocess.DEVNULL, check=False)
        outcome = _outcome_of(release, pod)
        if outcome is not None and (outcome is not Outcome.ERROR or _has_ended(release, job["metadata"]["name"])):
            return outcome


def _wait_for_pod(release: Release, selector: str, seen: set[str]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        pod = _newest(release, "pods", selector)
        if pod is not None and pod["metadata"]["name"] not in seen and pod["status"]["phase"] != "Pending":
            return str(pod["metadata"]["name"])
        time.sleep(POLL_SECONDS)
    raise CommandFailed(f"no pod of the promotion Job ({selector}) started within {START_SECONDS:.0f} s")


def _outcome_of(release: Release, pod: str) -> Outcome | None:
    """By the exit code of the pod's container; None while it has none, as after a connection that broke."""
    found = json.loads(ask(*release.kubectl("get", "pod", pod, "--output", "json")))
    for status in found["status"].get("containerStatuses", []):
        ended = status["state"].get("terminated")
        if ended is not None:
            codes = {outcome.exit_code: outcome for outcome in Outcome}
            return codes.get(int(ended["exitCode"]), Outcome.ERROR)
    return None


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
