"""Reading a bundle, which always verifies it: nobody serves or judges bytes that are not what the digest names."""

import os
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import ValidationError

from bundle.errors import BundleDamaged, BundleError, BundleNotFound, BundleNotUsable
from bundle.manifest import MANIFEST_NAME, MODEL_NAME, Manifest, content_digest, stored_form
from bundle.one_line import explain_first, one_line

MANIFEST_LIMIT_BYTES = 16 * 2**20
MODEL_LIMIT_BYTES = 2**31 - 1  # protobuf's own limit: a larger model would need external data


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle; `model_bytes` are the very bytes that were verified: nothing changes between check and use."""

    path: Path
    digest: str
    manifest: Manifest
    model_bytes: bytes


def read_bundle(path: Path, *, expected_digest: str | None = None) -> Bundle:
    """Read and verify the bundle at `path`. Can be repeated.

    Raises BundleNotFound; BundleDamaged when a file is missing, added, changed, a link, or when the bundle is not the
    one that `expected_digest` names; BundleNotUsable when its manifest is of a form that this program does not read;
    BundleError when the system refuses to read it.
    """
    try:
        return _read_verified(path, expected_digest)
    except OSError as error:
        raise BundleError(f"{error.filename or path} cannot be read: {error.strerror}") from error


def _read_verified(path: Path, expected_digest: str | None) -> Bundle:
    if not os.path.isdir(path):  # pathlib's raises for a path that is too long
        raise BundleNotFound(f"{path}: no such bundle; expected a directory with {MODEL_NAME} and {MANIFEST_NAME}")
    manifest_bytes = _read_file(path / MANIFEST_NAME, MANIFEST_LIMIT_BYTES)
    manifest, stated_digest = _parse(path / MANIFEST_NAME, manifest_bytes)
    if expected_digest is not None and stated_digest != expected_digest:
        raise BundleDamaged(f"{path} is the bundle {one_line(stated_digest)}, not {expected_digest}")
    if MODEL_NAME not in manifest.files:
        raise BundleNotUsable(f"{path / MANIFEST_NAME} names no {MODEL_NAME}")
    _refuse_other_files(path, {MANIFEST_NAME, *manifest.files})
    contents = {name: _read_file(path / name, MODEL_LIMIT_BYTES) for name in manifest.files}
    for name, file in manifest.files.items():
        if content_digest(contents[name]) != file.digest:
            raise BundleDamaged(f"{path / name} was changed: expected {file.digest}, {file.size_bytes} bytes")
    return Bundle(path=path, digest=stated_digest, manifest=manifest, model_bytes=contents[MODEL_NAME])


def _parse(path: Path, content: bytes) -> tuple[Manifest, str]:
    try:
        fields = orjson.loads(content)
        stated_digest = str(fields.pop("digest"))
        is_intact = stored_form(fields) == content
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise BundleDamaged(f"{path} was changed: it is not a JSON object with a digest") from error
    if not is_intact:
        raise BundleDamaged(f"{path} was changed: its content is not what {one_line(stated_digest)} names")
    try:
        return Manifest.model_validate(fields), stated_digest
    except ValidationError as error:
        raise BundleNotUsable(f"{path}: {explain_first(error, 'the manifest')}") from error


def _refuse_other_files(path: Path, known: set[str]) -> None:
    other = sorted(entry.name for entry in path.iterdir() if entry.name not in known)
    if other:
        raise BundleDamaged(f"{path / other[0]} does not belong to the bundle: its manifest does not name it")


def _read_file(path: Path, limit_bytes: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BundleDamaged(f"{path} is missing or not a regular file")
    if path.stat().st_size > limit_bytes:
        raise BundleDamaged(f"{path} is larger than {limit_bytes} bytes")
    return path.read_bytes()
