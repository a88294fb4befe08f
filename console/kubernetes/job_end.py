"""How a Job ended. Pure: its own document, its pods' and its limits in, an end out."""

import signal
from collections.abc import Sequence

from console.jobs import JobLimits, JobState
from console.jobs.job_folder import Ended
from console.moments import now
from promotion.kubernetes.api_server import JsonObject

_KILLED = 128  # a shell's, and a container's, way to tell a signal: 128 and its number


def end_of(job: JsonObject, pods: Sequence[JsonObject], limits: JobLimits) -> Ended | None:
    """None while it runs, or ends."""
    for condition in job.get("status", {}).get("conditions", []):
        if condition["status"] != "True" or condition["type"] not in {"Complete", "Failed"}:
            continue
        at = str(condition.get("lastTransitionTime") or now())
        if condition["type"] == "Complete":
            return Ended(JobState.FINISHED, 0, "", at)
        if condition.get("reason") == "DeadlineExceeded":
            return Ended(JobState.FAILED, None, f"it ran longer than its limit of {limits.seconds or 0:g} s", at)
        code, because = _failure_of(find_terminated(pods), limits)
        return Ended(JobState.FAILED, code, because or str(condition.get("message", "its Job failed")), at)
    return None


def find_terminated(pods: Sequence[JsonObject]) -> JsonObject | None:
    """What the kubelet says of the container's end; None where it has not ended, or its pod is gone."""
    for pod in pods:
        for status in pod.get("status", {}).get("containerStatuses", []):
            if (found := status.get("state", {}).get("terminated")) is not None:
                terminated: JsonObject = found
                return terminated
    return None


def find_waiting(pods: Sequence[JsonObject]) -> str:
    """Why its container does not run yet, in one line; empty where it does."""
    for pod in pods:
        status = pod.get("status", {})
        for one in status.get("containerStatuses", []):
            if waiting := one.get("state", {}).get("waiting"):
                return _line(waiting)
        for condition in status.get("conditions", []):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                return _line(condition)
    return ""


def _failure_of(terminated: JsonObject | None, limits: JobLimits) -> tuple[int | None, str]:
    if terminated is None:
        return None, ""
    code = int(terminated.get("exitCode", 0))
    if terminated.get("reason") == "OOMKilled":
        limit = f", and its limit is {limits.memory_bytes >> 20} MiB" if limits.memory_bytes is not None else ""
        return None, f"it took more memory than it may{limit}"
    if code > _KILLED:
        return None, f"it was killed by {signal.Signals(code - _KILLED).name}"
    return code, f"exit code {code}"


def _line(said: JsonObject) -> str:
    return ": ".join(str(said[key]).replace("\n", " ") for key in ("reason", "message") if said.get(key))
