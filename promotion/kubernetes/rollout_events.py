"""Kubernetes Events of a rollout, on the ConfigMap with its record: for `kubectl describe` and `kubectl events`.

They are for people, and best effort: an event that cannot be written is left out, and never stops a rollout.
"""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from promotion.kubernetes.api_server import MANAGER, ApiServer, JsonObject
from promotion.kubernetes.errors import ApiError
from promotion.kubernetes.release import Release
from promotion.rollout.record import RolloutRecord, RolloutState

MESSAGE_LIMIT = 1024  # what the API server takes
_WARNINGS = frozenset({RolloutState.RESTORING, RolloutState.RESTORED})


@dataclass(frozen=True, slots=True)
class RolloutEvents:
    """Writes an Event for what has led to a record."""

    api: ApiServer
    release: Release

    def tell(self, record: RolloutRecord) -> None:
        """Write the newest line of the record's history. Never raises for the API server."""
        if not record.history:
            return
        line = record.history[-1].text
        is_verdict = record.verdict is not None and line.startswith(f"{record.verdict}:")
        reason = f"Verdict{str(record.verdict).capitalize()}" if is_verdict else str(record.state).capitalize()
        kind = "Warning" if record.state in _WARNINGS or record.failed_attempts else "Normal"
        try:
            self.api.create(self.release.events, self._document(kind, reason, f"rollout {record.rollout_id}: {line}"))
        except ApiError:
            return

    def _document(self, kind: str, reason: str, message: str) -> JsonObject:
        record = self.api.read(self.release.record) or {"metadata": {}}
        about = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": self.release.namespace}
        name = f"{self.release.state_name}.{uuid4().hex[:16]}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": self.release.namespace},
            "involvedObject": {**about, "name": self.release.state_name, "uid": record["metadata"].get("uid", "")},
            "type": kind,
            "reason": reason,
            "message": message[:MESSAGE_LIMIT],
            "action": reason,
            "eventTime": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "reportingComponent": MANAGER,
            "reportingInstance": socket.gethostname(),
        }
