"""What a store lets a client do to it."""

from dataclasses import dataclass

from bundle.read import MANIFEST_LIMIT_BYTES, MODEL_LIMIT_BYTES

LARGEST_CONTENT_BYTES = MODEL_LIMIT_BYTES + MANIFEST_LIMIT_BYTES
"""What no bundle is larger than, for whoever does not run a store."""


@dataclass(frozen=True, slots=True)
class Limits:
    """One upload is verified at a time, so that `content_bytes` bounds the store's memory, too."""

    content_bytes: int = 512 * 2**20
    """The largest bundle, as a tar; for a holdout, the memory that its rows take (holdout_file.py)."""
    uploads: int = 4
    """At the same time; the drafts on disk are that many times `content_bytes` at most."""
    idle_seconds: float = 60.0
    """How long an upload may stand still."""
    finish_seconds: int = 20
    """How long requests in flight have after SIGTERM."""
