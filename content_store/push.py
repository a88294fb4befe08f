"""Pushing: content that is verified here goes to a store, which verifies it, and what the store then gives is verified.

So a digest that was pushed is one that can be fetched, whatever the network, the disk or a former version did.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from access.caller import NO_CREDENTIALS, OwnCredentials
from bundle import read_bundle
from content_store.bundle_tar import ContentStream, stream_bundle, stream_file
from content_store.client import StoreClient, connect, parse_url, show, store_url
from content_store.content_name import ContentName, Kind
from content_store.disk import explaining_disk_errors
from content_store.draft import Draft
from content_store.limits import LARGEST_CONTENT_BYTES
from content_store.patience import ask_patiently
from dataset import LabelledRows, write_csv_table


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a store has now."""

    content: ContentName
    url: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Push:
    """To which store, and how patiently; `report` is told why it waits.

    Its methods raise StoreUnreachable after `timeout_seconds` of trying, StoreRefused with the store's own words,
    AddressNotUsable, ContentMismatch and ContentMalformed when the store gives something else than it took, DiskFull
    and DiskRefuses for the temporary directory. All can be repeated.
    """

    store: str
    timeout_seconds: float
    report: Callable[[str], None]
    credentials: OwnCredentials = NO_CREDENTIALS
    """What the store is shown: a console asks for a key."""

    def bundle(self, directory: Path) -> Pushed:
        """Verify and push the bundle in `directory`. Raises BundleError."""
        content = ContentName(Kind.BUNDLE, read_bundle(directory).digest)
        with explaining_disk_errors(directory):
            return self._push(content, lambda: stream_bundle(directory))

    def holdout(self, rows: LabelledRows) -> Pushed:
        """Push `rows` as a CSV. Raises DatasetError when it cannot be written to a temporary directory."""
        with _temporary_directory() as folder:
            table = folder / "rows.csv"
            write_csv_table(rows, table)
            return self._push(ContentName(Kind.HOLDOUT, rows.digest), lambda: stream_file(table))

    def _push(self, content: ContentName, open_stream: Callable[[], ContentStream]) -> Pushed:
        url = store_url(parse_url(self.store), content)
        with connect(url, self.credentials) as client:
            is_new = ask_patiently(
                lambda: not client.has(url) and client.upload(url, open_stream()), self.timeout_seconds, self.report
            )
            ask_patiently(lambda: _verify(client, url, content), self.timeout_seconds, self.report)
        return Pushed(content, show(url), is_new)


def _verify(client: StoreClient, url: httpx.URL, content: ContentName) -> None:
    with _temporary_directory() as folder, Draft(content, folder, limit_bytes=LARGEST_CONTENT_BYTES) as draft:
        client.download(url, draft)
        draft.verify()


@contextmanager
def _temporary_directory() -> Iterator[Path]:
    with ExitStack() as stack:
        with explaining_disk_errors(Path("the temporary directory")):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-"))
        yield Path(folder)
