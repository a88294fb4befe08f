"""Which code made a bundle, and the date it states.

The date is not that of the clock: the same inputs must give the same bytes, and so the same digest. It is
SOURCE_DATE_EPOCH where that is set, else the date of the commit, else that of the newest file the training read.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

UNKNOWN_COMMIT = "unknown"
WRITTEN_BY_PIPELINE = "dvc.lock"
"""Changes while DVC runs the stages of a training, and is no part of what they are made of."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where and when, as a bundle states it."""

    commit: str
    """The hash, with `-dirty` where tracked files were changed since; `unknown` outside a repository."""
    save_date: str
    """ISO 8601, UTC, whole seconds."""


def find_provenance(directory: Path, inputs: Sequence[Path], source_date_epoch: int | None) -> Provenance:
    """The provenance of a training started in `directory` that read the files `inputs`. Can be repeated."""
    commit = _git(directory, "rev-parse", "HEAD")
    commit_seconds = _git(directory, "log", "-1", "--format=%ct") if commit else ""
    if source_date_epoch is not None:
        seconds = source_date_epoch
    elif commit_seconds:
        seconds = int(commit_seconds)
    else:
        seconds = int(max(path.stat().st_mtime for path in (*inputs, Path(__file__))))
    changed = ("status", "--porcelain", "--untracked-files=no", "--", ":(top)", f":(top,exclude){WRITTEN_BY_PIPELINE}")
    is_dirty = bool(commit) and bool(_git(directory, *changed))
    return Provenance(
        commit=(commit + ("-dirty" if is_dirty else "")) or UNKNOWN_COMMIT,
        save_date=datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _git(directory: Path, *arguments: str) -> str:
    """What git answers, or nothing where there is no git, no repository or no commit."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
