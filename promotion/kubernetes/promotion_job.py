"""Whether the promotion's Job starts another pod after this one: what SIGTERM itself does not say.

A pod that is evicted or deleted is replaced, and the next one goes on from the record. Nobody goes on once the Job's
deadline has ended or the Job is removed; then this pod is the last that can put everything back on stable.
"""

import time
from dataclasses import dataclass

from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.release import Release

ENDINGS = frozenset({"FailureTarget", "Failed", "SuccessCriteriaMet", "Complete"})
PATIENCE_SECONDS = 3.0
"""The Job controller ends the pods first, and says then that the deadline has ended."""
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class PromotionJob:
    """The Job `name` of a release."""

    api: ApiServer
    release: Release
    name: str

    def find_end(self) -> str | None:
        """Why no other pod follows; None where one does, after PATIENCE_SECONDS. Raises ApiUnreachable, ApiRefused."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            if (end := end_of(self.api.read(self.release.job(self.name)))) is not None:
                return f"the Job {self.name} has ended: {end}"
            if time.monotonic() >= deadline:
                return None
            time.sleep(POLL_SECONDS)


def end_of(job: JsonObject | None) -> str | None:
    """Why `job` starts no other pod; None where it does."""
    if job is None or "deletionTimestamp" in job["metadata"]:
        return "it is deleted"
    for condition in job.get("status", {}).get("conditions", []):
        if condition["type"] in ENDINGS and condition["status"] == "True":
            return str(condition.get("reason", condition["type"]))
    return None
