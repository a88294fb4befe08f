"""Bundles and holdouts on their way into the cluster's store, and out of it."""

from pathlib import Path

from assay.cluster.forwarding import forwarded
from assay.cluster.release import Release
from assay.output import say
from content_store.content_name import Kind
from content_store.fetch import fetch_content
from content_store.push import Push
from dataset import LabelledRows

PATIENCE_SECONDS = 60.0


def upload(release: Release, bundle: Path, holdout: LabelledRows | None = None) -> tuple[str, str]:
    """Push both to the store of `release`, once it runs; their digests (the holdout's is empty without one).

    Raises CommandFailed, ContentStoreError, BundleError.
    """
    release.wait_available(f"{release.name}-store")
    with forwarded(release, f"service/{release.name}-store") as url:
        push = Push(url, PATIENCE_SECONDS, say)
        bundle_digest = push.bundle(bundle).content.digest
        say(f"the store has the bundle {bundle_digest}")
        if holdout is None:
            return bundle_digest, ""
        holdout_digest = push.holdout(holdout).content.digest
        say(f"the store has the holdout {holdout_digest}, {len(holdout)} rows")
        return bundle_digest, holdout_digest


def download(release: Release, digest: str, to: Path) -> None:
    """Let the bundle stand at `to`, verified. Raises CommandFailed, ContentStoreError."""
    service = f"service/{release.name}-store"
    with forwarded(release, service) as url:
        fetch_content(url, digest, to, kind=Kind.BUNDLE, timeout_seconds=PATIENCE_SECONDS, report=say)
