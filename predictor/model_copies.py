"""Copies of what is loaded, for workers that come later: what lies in a models' directory may have changed by then.

One file a digest: a line of JSON with the revision and the manifest (null for an ONNX file by itself), then the model.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from bundle import BundleDamaged, BundleError, Manifest
from predictor.identity import ModelIdentity
from predictor.model_sources import StoredModel


class ModelCopies:
    """The copies in a directory that belongs to a server. Can be used by several processes at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, stored: StoredModel) -> None:
        """Keep what was read, whole or not at all; once under each digest. Raises BundleError."""
        path = self._path_of(stored.identity.bundle_digest)
        if path.exists():
            return
        manifest = orjson.loads(stored.manifest.to_bytes()) if stored.manifest else None
        head = orjson.dumps({"revision": stored.identity.revision, "manifest": manifest})
        try:
            with tempfile.NamedTemporaryFile(dir=self._path, delete=False) as draft:
                draft.writelines((head, b"\n", stored.model_bytes))
            Path(draft.name).rename(path)
        except OSError as error:
            raise BundleError(f"a copy for later workers cannot be kept in {self._path}: {error.strerror}") from error

    def read(self, name: str, version: str, digest: str) -> StoredModel:
        """What was kept under a digest, as this version of a model. Raises BundleError."""
        try:
            head, _, content = self._path_of(digest).read_bytes().partition(b"\n")
            fields = orjson.loads(head)
            manifest = _read_manifest(fields["manifest"]) if fields["manifest"] else None
            revision = str(fields["revision"])
        except OSError as error:
            raise BundleError(f"the copy of {name} version {version} cannot be read: {error.strerror}") from error
        except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError) as error:
            raise BundleDamaged(f"the copy of {name} version {version} was changed") from error
        return StoredModel(ModelIdentity(name, version, revision, digest), manifest, content)

    def remove(self) -> None:
        """Nobody comes later."""
        shutil.rmtree(self._path, ignore_errors=True)

    def _path_of(self, digest: str) -> Path:
        return self._path / digest.removeprefix("sha256:").replace(os.sep, "")


def _read_manifest(fields: dict[str, Any]) -> Manifest:
    fields.pop("digest")
    return Manifest.model_validate(fields)
