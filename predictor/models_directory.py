"""A directory of models, laid out as Triton's model repository is.

    <directory>/<name>/<version>/model.onnx      and manifest.json beside it, where it is a bundle

Names are those that a bundle's manifest may have, versions whole numbers from 1 on. Whatever is called otherwise, and
every symbolic link, is passed over: what is served lies in this directory and nowhere else.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bundle import BundleDamaged, BundleError, read_bundle
from bundle.manifest import MANIFEST_NAME, MODEL_NAME, NAME_PATTERN, content_digest
from bundle.read import MODEL_LIMIT_BYTES
from open_inference.json_object import quote
from predictor.errors import NotFound, RequestRefused
from predictor.identity import ModelIdentity, short_digest
from predictor.model_sources import StoredModel

_NAME = re.compile(NAME_PATTERN)
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_DRAFT_PREFIX = ".writing-"


class ModelsDirectory:
    """A ModelSource over such a directory. Raises BundleError when there is none."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise BundleError(f"{path}: no such directory; expected one with <name>/<version>/{MODEL_NAME} in it")
        self._path = path

    def index(self) -> Mapping[str, Sequence[str]]:
        """See ModelSource."""
        found = {name: _versions(self._path / name) for name in sorted(_directories(self._path, _NAME))}
        return {name: versions for name, versions in found.items() if versions}

    def find(self, name: str) -> Sequence[str]:
        """See ModelSource."""
        versions = _versions(self._path / name) if name in set(_directories(self._path, _NAME)) else ()
        if not versions:
            raise NotFound(f"there is no model {quote(name)} in the models' directory; expected <name>/<version>")
        return versions

    def read(self, name: str, version: str) -> StoredModel:
        """See ModelSource; model and version are called as their directories are."""
        path = self._path / name / version
        try:
            if (path / MANIFEST_NAME).exists():
                bundle = read_bundle(path)
                digest, manifest, content = bundle.digest, bundle.manifest, bundle.model_bytes
            else:
                content = _read_model(path / MODEL_NAME)
                digest, manifest = content_digest(content), None
        except BundleError as error:  # where the directory lies is nobody's business who only asks over the network
            raise BundleError(str(error).replace(f"{self._path}{os.sep}", "")) from error
        return StoredModel(ModelIdentity(name, version, short_digest(digest), digest), manifest, content)

    def add(self, name: str, model_bytes: bytes, /) -> str:
        """See ModelSource. Two that add at the same time, in two processes even, get two versions."""
        if not _NAME.fullmatch(name):
            raise RequestRefused(f"{quote(name)} is no model's name; expected {NAME_PATTERN}")
        try:
            draft = Path(tempfile.mkdtemp(prefix=_DRAFT_PREFIX, dir=self._path))
            try:
                _write(draft / MODEL_NAME, model_bytes)
                draft.chmod(0o755)
                return self._publish(draft, name)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        except OSError as error:
            raise BundleError(f"the models' directory cannot be written: {error.strerror}") from error

    def _publish(self, draft: Path, name: str) -> str:
        parent = self._path / name
        parent.mkdir(exist_ok=True)
        if parent.is_symlink():
            raise RequestRefused(f"{name} is a symbolic link in the models' directory; expected a directory")
        version = max((int(entry.name) for entry in parent.iterdir() if _VERSION.fullmatch(entry.name)), default=0)
        while True:
            version += 1
            try:
                draft.rename(parent / str(version))
            except OSError:
                if not (parent / str(version)).exists():
                    raise
            else:
                return str(version)


def _directories(path: Path, pattern: re.Pattern[str]) -> Iterator[str]:
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if pattern.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    yield entry.name
    except OSError as error:
        raise BundleError(f"{path.name} cannot be read: {error.strerror}") from error


def _versions(path: Path) -> Sequence[str]:
    return sorted(_directories(path, _VERSION), key=int, reverse=True)


def _read_model(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BundleDamaged(f"{path} is missing or not a regular file")
    if path.stat().st_size > MODEL_LIMIT_BYTES:
        raise BundleDamaged(f"{path} is larger than {MODEL_LIMIT_BYTES} bytes")
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)
