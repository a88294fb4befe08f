"""The Helm release: which revisions it names, and how that is changed."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.cluster.errors import CommandFailed
from assay.cluster.tools import ask, run

CHART = Path(__file__).parents[2] / "helm" / "assay"

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the chart, in a namespace of the cluster that `context` names."""

    context: str
    name: str = "assay"
    namespace: str = "assay"

    def read_values(self) -> dict[str, Any]:
        """The values that the release was given last; nothing when there is no release."""
        try:
            found = json.loads(ask("helm", "get", "values", self.name, *self._helm_place, "--output", "json"))
        except CommandFailed as error:
            if "not found" in str(error):
                return {}
            raise
        return dict(found or {})

    def apply(self, values: Values) -> None:
        """Install or upgrade to exactly `values`. Raises CommandFailed."""
        descriptor, path = tempfile.mkstemp(suffix=".json")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(values, file)
            place = [*self._helm_place, "--create-namespace"]
            command = ("helm", "upgrade", "--install", self.name, str(CHART), *place, "--hide-notes")
            run(*command, "--values", path, timeout_seconds=300)
        finally:
            with suppress(OSError):
                Path(path).unlink()

    def kubectl(self, *arguments: str) -> list[str]:
        """A kubectl command in the release's namespace."""
        return ["kubectl", "--context", self.context, "--namespace", self.namespace, *arguments]

    def wait_available(self, deployment: str, timeout_seconds: int = 180) -> None:
        """Return when the Deployment `deployment` is rolled out; its progress goes to stderr. Raises CommandFailed.

        It may not be there yet: on KServe a controller makes it.
        """
        ask(*self.kubectl("wait", f"deployment/{deployment}", "--for=create", "--timeout=60s"), timeout_seconds=70)
        run(*self.kubectl("rollout", "status", f"deployment/{deployment}", f"--timeout={timeout_seconds}s"))

    @property
    def split_route(self) -> str:
        """Name of the route that only a rollout writes."""
        return f"{self.name}-split"

    @property
    def _helm_place(self) -> list[str]:
        return ["--kube-context", self.context, "--namespace", self.namespace]


def next_revision(values: Values) -> str:
    """`v1`, or the number after the highest that `values` name."""
    named = [str(values.get(role, {}).get("revision", "")) for role in ("stable", "canary")]
    numbers = [int(name[1:]) for name in named if name[:1] == "v" and name[1:].isdecimal()]
    return f"v{max(numbers, default=0) + 1}"
