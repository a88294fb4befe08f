"""Content in a bucket: a bundle's folder, whose manifest says what to ask for, or a holdout's CSV.

Nothing is listed. The manifest comes first and has to be the one that the digest names; then its files come, by its
names and sizes, and no others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from pydantic import ValidationError

from bundle.manifest import MANIFEST_NAME, Manifest, stored_form
from bundle.read import MANIFEST_LIMIT_BYTES
from content_store.bundle_tar import TAR_END, tar_member
from content_store.content_name import ContentName, Kind
from content_store.draft import Draft
from content_store.errors import AddressNotUsable, ContentMismatch, ContentTooLarge
from content_store.limits import LARGEST_CONTENT_BYTES

if TYPE_CHECKING:
    from content_store.s3_client import S3Client


@dataclass(frozen=True)
class S3Source:
    """A bundle's folder or a holdout's object, as `key` in `bucket`."""

    content: ContentName
    bucket: str
    key: str

    def copy_into(self, draft: Draft) -> None:
        """Download it. Raises AddressNotUsable where the extra `s3` is not installed."""
        client = self._connect()
        if self.content.kind is Kind.BUNDLE:
            chunks = self._tar_chunks(client)
        else:
            chunks = client.read(self.bucket, self.key, limit_bytes=LARGEST_CONTENT_BYTES)
        for chunk in chunks:
            draft.write(chunk)

    def _connect(self) -> "S3Client":
        try:
            from content_store.s3_client import S3Client  # noqa: PLC0415  # takes a while, and is an extra
        except ModuleNotFoundError as error:
            raise AddressNotUsable(
                f"s3://{self.bucket}/{self.key} needs {error.name}, which is not installed; pip install 'assay[s3]', or"
                " build the image with EXTRAS=s3"
            ) from error
        return S3Client()

    def _tar_chunks(self, client: "S3Client") -> Iterator[bytes]:
        """The folder as a tar: a header refuses a file's name and size before that file is asked for."""
        where = f"{self.key}/{MANIFEST_NAME}"
        manifest = b"".join(client.read(self.bucket, where, limit_bytes=MANIFEST_LIMIT_BYTES))
        sizes = self._sizes_named_in(manifest)
        yield from tar_member(MANIFEST_NAME, len(manifest), [manifest])
        for name, size_bytes in sorted(sizes.items()):
            yield from tar_member(name, size_bytes, self._read_file(client, name, size_bytes))
        yield TAR_END

    def _read_file(self, client: "S3Client", name: str, size_bytes: int) -> Iterator[bytes]:
        received = 0
        for chunk in client.read(self.bucket, f"{self.key}/{name}", limit_bytes=size_bytes):
            received += len(chunk)
            yield chunk
        if received != size_bytes:
            raise ContentMismatch(f"{self.content}: {name} has {received} bytes, its manifest says {size_bytes}")

    def _sizes_named_in(self, content: bytes) -> dict[str, int]:
        """Bytes of each file that the manifest names, once it is the manifest of this very bundle."""
        try:
            fields = orjson.loads(content)
            stated_digest = fields.pop("digest")
            if stated_digest != self.content.digest:
                raise ContentMismatch(f"{self.content}: what came is the bundle {str(stated_digest)[:100]}")
            if stored_form(fields) != content:
                raise ContentMismatch(f"{self.content}: {MANIFEST_NAME} was changed")
            files = Manifest.model_validate(fields).files
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ContentMismatch(f"{self.content}: {MANIFEST_NAME}: {where[:100]}: {first['msg']}") from error
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise ContentMismatch(f"{self.content}: {MANIFEST_NAME} is not a JSON object with a digest") from error
        sizes = {name: file.size_bytes for name, file in files.items()}
        if sum(sizes.values()) > LARGEST_CONTENT_BYTES:
            raise ContentTooLarge(
                f"{self.content} has {sum(sizes.values())} bytes; expected at most {LARGEST_CONTENT_BYTES}"
            )
        return sizes
