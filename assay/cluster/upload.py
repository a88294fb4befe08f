"""Bundles and holdouts on their way into the cluster's store, by a port that kubectl forwards for the moment."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.cluster.errors import CommandFailed
from assay.cluster.release import Release
from assay.output import say
from content_store.push import Push
from dataset import LabelledRows

PUSH_SECONDS = 60.0


def upload(release: Release, bundle: Path, holdout: LabelledRows | None = None) -> tuple[str, str]:
    """Push both to the store of `release`, once it runs; their digests (the holdout's is empty without one).

    Raises CommandFailed, ContentStoreError, BundleError.
    """
    release.wait_available(f"{release.name}-store")
    with _forwarded(release, f"service/{release.name}-store") as url:
        push = Push(url, PUSH_SECONDS, say)
        bundle_digest = push.bundle(bundle).content.digest
        say(f"the store has the bundle {bundle_digest}")
        if holdout is None:
            return bundle_digest, ""
        holdout_digest = push.holdout(holdout).content.digest
        say(f"the store has the holdout {holdout_digest}, {len(holdout)} rows")
        return bundle_digest, holdout_digest


@contextmanager
def _forwarded(release: Release, target: str) -> Iterator[str]:
    command = release.kubectl("port-forward", "--address", "127.0.0.1", target, ":80")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline() if process.stdout else ""
        port = re.search(r"127\.0\.0\.1:(\d+)", first)
        if port is None:
            process.terminate()
            words = process.communicate(timeout=10)[1].strip().splitlines()
            raise CommandFailed(f"kubectl cannot forward a port to {target}: {words[-1] if words else 'no word'}")
        yield f"http://127.0.0.1:{port[1]}"
    finally:
        process.terminate()
        process.communicate(timeout=10)
