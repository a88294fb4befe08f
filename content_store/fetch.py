"""Fetching: content by digest, verified before it stands where a predictor or a judgement looks for it.

Made for the step before a container starts: it waits for a store that is not up yet, does nothing where the content is
there already, and can be killed and repeated at any time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from access.caller import NO_CREDENTIALS, OwnCredentials
from bundle import BundleError, read_bundle
from bundle.manifest import MODEL_NAME
from content_store.content_name import ContentName, Kind
from content_store.disk import explaining_disk_errors
from content_store.draft import DRAFT_PREFIX, Draft, sweep_drafts
from content_store.errors import AddressNotUsable, DestinationTaken
from content_store.limits import LARGEST_CONTENT_BYTES
from content_store.patience import ask_patiently
from content_store.sources import Source, parse_source
from dataset import DatasetError, read_csv_table


@dataclass(frozen=True, slots=True)
class Fetched:
    """What stands at `path` now; it was there already unless it `is_new`."""

    content: ContentName
    path: Path
    is_new: bool


def fetch_content(
    source: str,
    digest: str,
    to: Path,
    *,
    kind: Kind | None,
    timeout_seconds: float,
    report: Callable[[str], None],
    credentials: OwnCredentials = NO_CREDENTIALS,
) -> Fetched:
    """Let the content that `digest` names stand at `to`: a bundle as a directory, a holdout as a CSV file.

    The server that `source` names is shown `credentials`.
    Tries for `timeout_seconds` while the source does not answer or has not got it; `report` is told why it waits.
    Raises AddressNotUsable, StoreUnreachable, ContentNotFound, StoreRefused; ContentMalformed, ContentMismatch and
    ContentTooLarge when the source gives something else; DestinationTaken; DiskFull, DiskRefuses. Can be repeated.
    """
    found = parse_source(source, digest, kind, credentials)
    content = found.content
    if content.kind is Kind.HOLDOUT and to.suffix == ".gz":
        raise AddressNotUsable(f"{to}: a holdout is fetched as plain CSV; expected a path that ends in .csv")
    if _is_there(content, to):
        return Fetched(content, to, is_new=False)
    beside = to if to.is_dir() else to.parent
    with explaining_disk_errors(beside):
        beside.mkdir(parents=True, exist_ok=True)
    sweep_drafts(beside)
    ask_patiently(lambda: _fetch_once(found, beside, to), timeout_seconds, report)
    return Fetched(content, to, is_new=True)


def _fetch_once(source: Source, beside: Path, to: Path) -> None:
    with Draft(source.content, beside, limit_bytes=LARGEST_CONTENT_BYTES) as draft:
        source.copy_into(draft)
        draft.verify()
        if beside == to:
            draft.pour_into(to)
        else:
            draft.place(to)


def _is_there(content: ContentName, to: Path) -> bool:
    with explaining_disk_errors(to):
        if not to.exists() or (content.kind is Kind.BUNDLE and _can_be_filled(to)):
            return False
    try:
        if content.kind is Kind.BUNDLE:
            return read_bundle(to, expected_digest=content.digest).digest == content.digest
        found = read_csv_table(to).digest
    except (BundleError, DatasetError) as error:
        raise DestinationTaken(f"{to} is there already, but is not {content}: {error}") from error
    if found != content.digest:
        raise DestinationTaken(f"{to} is there already, but is not {content}: the rows are {found}")
    return True


def _can_be_filled(to: Path) -> bool:
    """Whether `to` is a directory in which nothing stands but what a killed fetch may have left: never a manifest."""
    return to.is_dir() and all(
        entry.name == MODEL_NAME or entry.name.startswith(DRAFT_PREFIX) for entry in to.iterdir()
    )
