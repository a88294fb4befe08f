"""The cluster that `make cluster` brings up, for tests that ask a real API server."""

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.helm.rendering import CHART, REVISIONS, Object, Values

CONTEXT = "kind-assay"


class CommandFailed(Exception):
    """kubectl or helm ended with an error; the message is theirs."""


@dataclass(frozen=True)
class Namespace:
    """A namespace of a test's own, in which only restricted pods are admitted."""

    name: str

    def kubectl(self, *arguments: str, given: object = None) -> str:
        """What kubectl prints. `given` is written to its standard input, as JSON. Raises CommandFailed."""
        return _run("kubectl", "--context", CONTEXT, "--namespace", self.name, *arguments, given=given)

    def get(self, kind: str, name: str) -> Object:
        """An object as it is there. Raises CommandFailed where it is not."""
        found: Object = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return found

    def helm(self, verb: str, *arguments: str, values: Values | None = None) -> str:
        """What helm prints; `values` come over revisions.yaml for the verbs that take a chart. Raises CommandFailed."""
        chart = () if values is None else (str(CHART), "-f", str(REVISIONS), "-f", "-")
        place = ("--kube-context", CONTEXT, "--namespace", self.name)
        return _run("helm", verb, "assay", *chart, *place, *arguments, given=values)


def why_there_is_none() -> str | None:
    """Why the tests cannot run here; None when there is a cluster."""
    missing = [tool for tool in ("helm", "kubectl") if shutil.which(tool) is None]
    if missing:
        return f"not on the PATH: {', '.join(missing)}"
    try:
        _run("kubectl", "--context", CONTEXT, "--request-timeout=5s", "get", "--raw=/readyz")
    except CommandFailed as error:
        return f"no cluster answers as {CONTEXT}; `make cluster` makes one ({str(error).strip()[-200:]})"
    return None


@contextmanager
def namespace() -> Iterator[Namespace]:
    """A new one, deleted in the end."""
    name = f"chart-test-{secrets.token_hex(4)}"
    standard = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    given = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": standard}}
    made = Namespace(name)
    made.kubectl("create", "--filename=-", given=given)
    try:
        yield made
    finally:
        made.kubectl("delete", "namespace", name, "--wait=false")


def _run(*command: str, given: object = None) -> str:
    text = None if given is None else json.dumps(given)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise CommandFailed(done.stderr)
    return done.stdout + done.stderr
