"""Bundles by digest, in the content-addressed store: what trainings made, and what came from elsewhere."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bundle import Bundle, Manifest, read_bundle
from console.errors import NotFound
from content_store.bundle_tar import TarUnpacker, stream_file
from content_store.content_name import ContentName, Kind
from content_store.store_directory import StoreDirectory


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """A bundle of the store; what is served or judged is verified again when it is read."""

    digest: str
    path: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Bundles:
    """The bundles of `store`."""

    store: StoreDirectory
    limit_bytes: int

    @property
    def directory(self) -> Path:
        """Where they stand, and where `assay train --out` puts further ones."""
        return self.store.path / Kind.BUNDLE.collection

    def digests(self) -> list[str]:
        """Of all of them, without a look into any."""
        return self.store.digests(Kind.BUNDLE)

    def look(self) -> tuple[StoredBundle, ...]:
        """All of them, by model and version. Raises BundleError for a damaged one."""
        found = [self.find(digest) for digest in self.digests()]
        return tuple(sorted(found, key=lambda one: (one.manifest.model, one.manifest.version, one.digest)))

    def find(self, digest: str) -> StoredBundle:
        """One of them, verified. Raises NotFound, AddressNotUsable, BundleError."""
        content = ContentName(Kind.BUNDLE, digest)
        if not self.store.has(content):
            raise NotFound(f"there is no bundle {digest}")
        return _stored(read_bundle(self.directory / content.hex_digits, expected_digest=digest))

    def add(self, tar: Path) -> tuple[StoredBundle, bool]:
        """Store a bundle that came as a tar (content_store/bundle_tar.py), and whether it is new.

        Raises BundleError, ContentError.
        """
        with tempfile.TemporaryDirectory(prefix="assay-") as folder:
            unpacker = TarUnpacker(Path(folder), limit_bytes=self.limit_bytes)
            try:
                for chunk in stream_file(tar).chunks:
                    unpacker.write(chunk)
                unpacker.seal()
            finally:
                unpacker.close()
            digest = read_bundle(Path(folder)).digest
        content = ContentName(Kind.BUNDLE, digest)
        with self.store.begin(content, limit_bytes=self.limit_bytes) as draft:
            for chunk in stream_file(tar).chunks:
                draft.write(chunk)
            is_new = self.store.publish(draft)
        return self.find(digest), is_new

    def next_version(self, model: str) -> int:
        """The number of the model's next bundle. Raises BundleError."""
        return max((one.manifest.version for one in self.look() if one.manifest.model == model), default=0) + 1


def _stored(bundle: Bundle) -> StoredBundle:
    return StoredBundle(bundle.digest, bundle.path, bundle.manifest)
