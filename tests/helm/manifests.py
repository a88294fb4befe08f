"""`make manifests`, in a folder of its own, so that the checkout's build/ stays as it is."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "k8s" / "values.yaml"


@dataclass(frozen=True)
class Made:
    """How make ended, and the file that it wrote, if it is there."""

    code: int
    stderr: str
    manifests: Path


def make_manifests(folder: Path, *variables: str, path: str | None = None) -> Made:
    """Run it with `variables`, such as VALUES=values.yaml, beside the checkout's Makefile and chart."""
    for name in ("Makefile", "helm", "k8s"):
        if not (link := folder / name).exists():
            link.symlink_to(REPOSITORY / name)
    environment = {**os.environ, **({"PATH": path} if path is not None else {})}
    command = ["make", "manifests", *variables]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)
    return Made(done.returncode, done.stderr, folder / "build" / "manifests.yaml")
