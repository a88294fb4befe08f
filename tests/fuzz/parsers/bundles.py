"""Bundles: their manifest, and their files on the way into the store."""

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from bundle import BundleError, ImageForm, Manifest, Measured, read_bundle, write_bundle
from bundle.manifest import MANIFEST_NAME, MODEL_NAME, stored_form
from content_store.bundle_tar import TarUnpacker, stream_bundle
from content_store.content_name import ContentName, Kind
from content_store.draft import Draft
from content_store.errors import ContentError
from tests.bundle.sample import MODEL_BYTES, manifest
from tests.fuzz.parser import Parser

_LIMIT_BYTES = 2**20


def bundle_parsers(folder: Path) -> Iterator[Parser]:
    """Manifest, tar, and both at once as an upload is verified."""
    bundles = [
        write_bundle(folder / "bundles", manifest(), MODEL_BYTES),
        write_bundle(
            folder / "bundles",
            manifest(
                format=2,
                feature_names=(),
                measured=Measured(rows=3),
                image=ImageForm(width=8, height=8, scale=16),
                lineage=None,
            ),
            MODEL_BYTES,
        ),
    ]
    manifests = [(bundle.path / MANIFEST_NAME).read_bytes() for bundle in bundles]
    yield Parser(
        "bundle-manifest", manifests, _read_manifest(folder / "bundle"), (BundleError,), _repair_digest, is_json=True
    )
    tars = [b"".join(stream_bundle(bundle.path).chunks) for bundle in bundles]
    tars += [_hostile_tar(kind) for kind in (tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)]
    yield Parser(
        "bundle-tar",
        tars,
        _read_tar(folder),
        (ContentError,),
        _repair_headers,
        (b"ustar\x0000", b"../x\0", b"/etc/x\0", b"0000000001\0", b"7" * 11, b"\x80" + b"\xff" * 11, b"x", b"L", b"S"),
    )
    digest = bundles[0].digest
    yield Parser("stored-bundle", tars, _read_draft(folder, digest), (ContentError,), _repair_headers)


def _read_manifest(path: Path) -> Callable[[bytes], None]:
    path.mkdir()
    (path / MODEL_NAME).write_bytes(MODEL_BYTES)

    def read(content: bytes) -> None:
        (path / MANIFEST_NAME).write_bytes(content)
        found = read_bundle(path)
        assert found.model_bytes == MODEL_BYTES
        stored = orjson.loads(found.manifest.to_bytes())
        stored.pop("digest")
        assert Manifest.model_validate(stored) == found.manifest

    return read


def _repair_digest(content: bytes) -> bytes:
    """The fields as they are stored, with the digest that names them."""
    try:
        fields = orjson.loads(content)
        fields.pop("digest", None)
        return stored_form(fields)
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return content


def _hostile_tar(kind: bytes) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        header = tarfile.TarInfo("model.onnx")
        header.type, header.linkname = kind, "../../outside"
        archive.addfile(header)
    return content.getvalue()


def _repair_headers(content: bytes) -> bytes:
    """Checksums as they have to be, in every block that says that it is a header."""
    blocks = [content[begin : begin + 512] for begin in range(0, len(content), 512)]
    for place, block in enumerate(blocks):
        if block[257:262] == b"ustar" and len(block) == 512:
            total = sum(block[:148]) + 8 * 32 + sum(block[156:])
            blocks[place] = block[:148] + b"%06o\0 " % (total % 8**6) + block[156:]
    return b"".join(blocks)


def _read_tar(folder: Path) -> Callable[[bytes], None]:
    target = folder / "unpacked"

    def read(content: bytes) -> None:
        if target.exists():
            for path in target.iterdir():
                path.unlink()
        target.mkdir(exist_ok=True)
        unpacker = TarUnpacker(target, limit_bytes=_LIMIT_BYTES)
        try:
            for begin in range(0, len(content), 700):
                unpacker.write(content[begin : begin + 700])
            unpacker.seal()
        finally:
            unpacker.close()
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            expected = {header.name: _content(archive, header) for header in archive}
        assert {path.name: path.read_bytes() for path in target.iterdir()} == expected

    return read


def _content(archive: tarfile.TarFile, header: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(header)
    assert file is not None, f"{header.name} is no regular file"
    return file.read()


def _read_draft(folder: Path, digest: str) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        with Draft(ContentName(Kind.BUNDLE, digest), folder, limit_bytes=_LIMIT_BYTES) as draft:
            draft.write(content)
            draft.verify()
            assert read_bundle(draft.path).digest == digest

    return read
