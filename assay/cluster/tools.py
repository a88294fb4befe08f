"""The tools that a cluster takes, run one at a time and shown to whoever reads along."""

import shlex
import shutil
import subprocess
from collections.abc import Sequence

from assay.cluster.errors import CommandFailed, ToolMissing
from assay.output import say

HOW_TO_GET = {
    "docker": "apt-get install docker.io, or docs.docker.com/engine/install",
    "helm": "helm.sh/docs/intro/install",
    "kind": "kind.sigs.k8s.io/docs/user/quick-start",
    "kubectl": "kubernetes.io/docs/tasks/tools",
}


def require(*tools: str) -> None:
    """Return when all `tools` are there; ToolMissing names those that are not, and a way to get them."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise ToolMissing("; ".join(f"{tool} is missing: {HOW_TO_GET[tool]}" for tool in missing))


def run(*command: str, is_shown: bool = True, timeout_seconds: float | None = None) -> None:
    """Run `command`, its output going on to stderr. Raises CommandFailed."""
    if is_shown:
        say(f"$ {shlex.join(command)}")
    _finish(command, timeout_seconds, stdout=None)


def ask(*command: str, given: str | None = None, timeout_seconds: float = 60) -> str:
    """What `command` prints; CommandFailed with its last words."""
    return _finish(command, timeout_seconds, stdout=subprocess.PIPE, given=given)


def succeeds(*command: str, timeout_seconds: float = 60) -> bool:
    """Whether `command` ends with 0."""
    try:
        _finish(command, timeout_seconds, stdout=subprocess.PIPE)
    except CommandFailed:
        return False
    return True


def _finish(
    command: Sequence[str], timeout_seconds: float | None, *, stdout: int | None, given: str | None = None
) -> str:
    try:
        done = subprocess.run(
            command,
            stdout=stdout if stdout is not None else 2,
            stderr=subprocess.PIPE,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            text=True,
            check=False,
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"`{shlex.join(command)}` did not end within {timeout_seconds:g} s") from error
    if done.returncode != 0:
        words = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise CommandFailed(f"`{shlex.join(command)}`: {words[-1].strip() if words else f'exit {done.returncode}'}")
    return done.stdout or ""
