"""Holdouts by digest, in the content-addressed store, and which of them is pinned: measured on, never learned from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from console.documents import Documents
from console.errors import NotFound, UploadMalformed
from content_store.bundle_tar import stream_file
from content_store.content_name import ContentName, Kind
from content_store.store_directory import StoreDirectory
from dataset import DatasetMalformed, LabelledRows, read_csv_table

_PINNED = Documents(TypeAdapter(dict[str, str]))


@dataclass(frozen=True, slots=True)
class Holdout:
    """A holdout of the store."""

    digest: str
    path: Path
    """A CSV file."""
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class Holdouts:
    """The holdouts of `store`; which is pinned stands in the file `pinned`."""

    store: StoreDirectory
    pinned_file: Path
    limit_bytes: int

    def look(self) -> tuple[Holdout, ...]:
        """All of them, in the order of their digests."""
        pinned = self._pinned_digest()
        return tuple(self._holdout(digest, pinned) for digest in self.store.digests(Kind.HOLDOUT))

    def find(self, digest: str) -> Holdout:
        """One of them. Raises NotFound, AddressNotUsable."""
        content = ContentName(Kind.HOLDOUT, digest)
        if not self.store.has(content):
            raise NotFound(f"there is no holdout {digest}")
        return self._holdout(digest, self._pinned_digest())

    def pinned(self) -> Holdout | None:
        """The one that experiments and rollouts are measured on; None before the first came."""
        digest = self._pinned_digest()
        return self.find(digest) if digest else None

    def read(self, digest: str) -> LabelledRows:
        """Its rows. Raises NotFound, DatasetError."""
        return read_csv_table(self.find(digest).path)

    def add(
        self, table: Path, name: str, check: Callable[[LabelledRows], None] = lambda _rows: None
    ) -> tuple[Holdout, bool]:
        """Store a CSV file that a person calls `name`, and whether it is new.

        The first is pinned, once `check` has let it pass. Raises UploadMalformed, ContentError, what `check` raises.
        """
        try:
            rows = replace(read_csv_table(table), name=name)
        except DatasetMalformed as error:
            raise UploadMalformed(str(error).replace(str(table), name)) from error
        content = ContentName(Kind.HOLDOUT, rows.digest)
        if not self._pinned_digest():
            check(rows)
        is_new = not self.store.has(content)
        if is_new:
            with self.store.begin(content, limit_bytes=self.limit_bytes) as draft:
                for chunk in stream_file(table).chunks:
                    draft.write(chunk)
                is_new = self.store.publish(draft)
        if not self._pinned_digest():
            self.pin(rows.digest)
        return self.find(rows.digest), is_new

    def pin(self, digest: str, check: Callable[[LabelledRows], None] = lambda _rows: None) -> Holdout:
        """Measure on this one from now on, once `check` has let it pass. Raises NotFound, and what `check` raises."""
        found = self.find(digest)
        if not found.is_pinned:
            check(self.read(digest))
            _PINNED.write(self.pinned_file, {"digest": digest})
        return self.find(digest)

    def _pinned_digest(self) -> str:
        return (_PINNED.read(self.pinned_file) or {}).get("digest", "")

    def _holdout(self, digest: str, pinned: str) -> Holdout:
        hex_digits = ContentName(Kind.HOLDOUT, digest).hex_digits
        return Holdout(digest, self.store.path / Kind.HOLDOUT.collection / f"{hex_digits}.csv", digest == pinned)
