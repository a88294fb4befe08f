"""The store on disk: what a digest names either is there, whole and for good, or it is not.

    <directory>/
    ├── bundles/<64 hex digits>/       model.onnx and manifest.json, as bundle.read_bundle takes them
    ├── holdouts/<64 hex digits>.csv
    └── drafts/.arriving-<random>/     uploads under way; after a crash they are swept away at the next start

It is a directory that a person can look into, and copy. Several processes may serve the same one: content appears by
one rename, and the same content twice is the same content.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from content_store.bundle_tar import ContentStream, stream_bundle, stream_file
from content_store.content_name import ContentName, Kind
from content_store.disk import explaining_disk_errors
from content_store.draft import Draft, sweep_drafts
from content_store.errors import AddressNotUsable, ContentNotFound, DiskRefuses


@dataclass(frozen=True, slots=True)
class StoreDirectory:
    """A directory that holds content by digest."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Self:
        """The store in `path`, made where it is missing, without what a crash left. Raises DiskFull, DiskRefuses."""
        store = cls(path)
        with explaining_disk_errors(path):
            for folder in (store._drafts, *(path / kind.collection for kind in Kind)):
                folder.mkdir(parents=True, exist_ok=True)
        sweep_drafts(store._drafts)
        return store

    def has(self, content: ContentName) -> bool:
        """Whether it is there: one look at the disk."""
        return self._place_of(content).exists()

    def begin(self, content: ContentName, *, limit_bytes: int) -> Draft:
        """A draft to write `content` into. Raises DiskFull, DiskRefuses."""
        return Draft(content, self._drafts, limit_bytes=limit_bytes)

    def publish(self, draft: Draft) -> bool:
        """Verify a complete draft and let it appear; False when the content was there already.

        Raises ContentMalformed, ContentMismatch, DiskFull, DiskRefuses; nothing has changed then.
        """
        if self.has(draft.content):
            return False
        draft.verify()
        try:
            draft.place(self._place_of(draft.content))
        except DiskRefuses:
            if not self.has(draft.content):  # else another process was first, with the same content
                raise
            return False
        return True

    def stream(self, content: ContentName) -> ContentStream:
        """A bundle as a tar, a holdout as its CSV. Raises ContentNotFound, DiskRefuses."""
        if not self.has(content):
            raise ContentNotFound(f"{content} is not in this store")
        place = self._place_of(content)
        with explaining_disk_errors(place):
            return stream_bundle(place) if content.kind is Kind.BUNDLE else stream_file(place)

    def digests(self, kind: Kind) -> list[str]:
        """All digests of a kind, in order. Raises DiskRefuses."""
        folder = self.path / kind.collection
        with explaining_disk_errors(folder):
            return [name.digest for entry in sorted(folder.iterdir()) if (name := _name_of(kind, entry))]

    def free_bytes(self) -> int:
        """What the disk still takes. Raises DiskRefuses."""
        with explaining_disk_errors(self.path):
            return shutil.disk_usage(self.path).free

    @property
    def _drafts(self) -> Path:
        return self.path / "drafts"

    def _place_of(self, content: ContentName) -> Path:
        folder = self.path / content.kind.collection
        return folder / (content.hex_digits if content.kind is Kind.BUNDLE else f"{content.hex_digits}.csv")


def _name_of(kind: Kind, entry: Path) -> ContentName | None:
    try:
        return ContentName(kind, f"sha256:{entry.name.removesuffix('.csv')}")
    except AddressNotUsable:  # such as lost+found
        return None
